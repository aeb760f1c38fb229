"""Laws of the journal: replies round-trip, what is owed follows from the outcomes, the export from the replies."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.journal.codec import decode_reply, encode_reply
from pipeline.journal.export import rows
from pipeline.journal.journal import Journal
from pipeline.journal.progress import progress_of
from pipeline.journal.samples import SETTLING, FallbackChain, SampleRequest, owed_of
from pipeline.journal.vocabulary import Vocabulary
from prompts.digest import digest
from prompts.errors import InputError
from prompts.messages import Message
from teachers.base import ANSWERS, Alternative, Identity, Outcome, Reply, Request, Sampling, TokenLogprob, Usage
from teachers.errors import InvalidRequest, TeacherError, Transient
from tests.pipeline.helpers import ROOT, environment

LOGPROBS = st.floats(-60, 0, width=32)
IDS = st.none() | st.integers(0, 2**31 - 1)
COUNTS = st.none() | st.integers(0, 10**9)
ALTERNATIVES = st.builds(Alternative, st.binary(max_size=6), LOGPROBS, IDS)
FREE = st.builds(TokenLogprob, st.binary(max_size=6), LOGPROBS, IDS, st.lists(ALTERNATIVES, max_size=4).map(tuple))
AMONG = st.lists(ALTERNATIVES, min_size=1, max_size=4).flatmap(
    lambda top: st.sampled_from(top).map(lambda own: TokenLogprob(own.bytes, own.logprob, own.id, tuple(top)))
)
REPLIES = st.builds(
    Reply,
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.sampled_from(sorted(ANSWERS)),
    st.none() | st.text(st.characters(codec="utf-8"), max_size=8),
    st.lists(FREE | AMONG, max_size=5).map(tuple),
    st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    st.none() | st.floats(0, 1e4),
    st.none() | st.text("abc-", max_size=8),
    st.none() | st.floats(0, 10),
    st.lists(st.text("abc", max_size=8), max_size=2).map(tuple),
)
OUTCOMES: st.SearchStrategy[Outcome | None]
OUTCOMES = st.sampled_from([None, "ok", "truncated", "refused", "filtered", "transient", "invalid"])


def use(path: Path, work: Callable[[Journal], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        with Journal(path) as journal:
            return await work(journal)

    return asyncio.run(main())


def request(text: str, endpoint: int = 0, index: int = 0) -> Request:
    before = (Message("system", "Answer."), Message("user", "an example"), Message("assistant", "yes"))
    return Request(
        Identity("test", f"m{endpoint}"), (*before, Message("user", text)), Sampling(seed=index), None, index
    )


def wanted(text: str, endpoint: int = 0, index: int = 0) -> SampleRequest:
    return SampleRequest(digest(text), request(text, endpoint, index), 2, "gold", None, endpoint)


def ended(outcome: Outcome) -> Reply | TeacherError:
    if outcome in ANSWERS:
        return Reply("text", outcome)
    return (InvalidRequest if outcome == "invalid" else Transient)("no", provider="test")


async def end(journal: Journal, asked: Request, outcome: Outcome | None) -> None:
    if outcome is not None:
        await journal.settle(await journal.intend(asked), asked, ended(outcome))


@settings(max_examples=300, deadline=None)
@given(replies=st.lists(REPLIES, min_size=1, max_size=4))
def test_a_reply_comes_back_as_it_was(replies: list[Reply]) -> None:
    vocabulary = Vocabulary([])
    bodies = [encode_reply(reply, vocabulary) for reply in replies]
    words = {number: (data, token) for number, data, token in vocabulary.take_fresh()}
    for reply, body in zip(replies, bodies, strict=True):
        head, tokens = decode_reply(body)
        assert (head["text"], head["outcome"], head["finish_reason"]) == (
            reply.text,
            reply.outcome,
            reply.finish_reason,
        )
        assert Usage(**head["usage"]) == reply.usage
        assert (head["cost_usd"], head["latency_s"]) == (reply.cost_usd, reply.latency_s)
        assert (head["request_id"], tuple(head["warnings"])) == (reply.request_id, reply.warnings)
        assert head["tokens"] == len(reply.tokens)
        if tokens is None:
            assert not reply.tokens
            continue
        top = [item for token in reply.tokens for item in token.top]
        assert list(tokens.widths) == [len(token.top) for token in reply.tokens]
        for refs, logprobs, items in (
            (tokens.refs, tokens.logprobs, top),
            (tokens.own_refs, tokens.own_logprobs, reply.tokens),
        ):
            assert [words[ref] for ref in refs] == [(item.bytes, item.id) for item in items]
            assert list(logprobs) == [np.float32(item.logprob) for item in items]


@settings(max_examples=60, deadline=None)
@given(outcomes=st.lists(st.lists(OUTCOMES, min_size=3, max_size=3), min_size=1, max_size=4), fallback=st.booleans())
def test_what_is_owed_follows_from_the_outcomes(
    outcomes: list[list[Outcome | None]], fallback: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    items = [[wanted(f"p{i}", endpoint) for endpoint in range(3)] for i in range(len(outcomes))]
    chains = [tuple(row) for row in items] if fallback else [(item,) for row in items for item in row]
    known = {
        item.request.key: how
        for row, hows in zip(items, outcomes, strict=True)
        for item, how in zip(row, hows, strict=True)
    }
    path = tmp_path_factory.mktemp("owed") / "journal.sqlite"

    async def work(journal: Journal) -> tuple[list[FallbackChain], dict[int, int], int]:
        await journal.want(chains)
        for row in items:
            for item in row:
                await end(journal, item.request, known[item.request.key])
        lanes = [chain for lane in range(3) for chain in journal.owed(lane)]
        return lanes, journal.count_owed(), journal.count_to_ask_again()

    lanes, counts, again = use(path, work)
    replied = {key: how for key, how in known.items() if how in ANSWERS}
    owed = [chain for chain in (owed_of(chain, replied) for chain in chains) if chain]
    assert sorted(lanes, key=_names) == sorted(owed, key=_names)
    assert sum(counts.values()) == len(owed)
    assert again == sum(_worth_asking_again([known[item.request.key] for item in chain]) for chain in chains)
    shown = list(rows(path))
    progress = progress_of(path)
    assert progress["samples"] == len(shown)
    assert progress["answered"] == sum(row["outcome"] in ANSWERS for row in shown)


def _names(chain: FallbackChain) -> list[str]:
    return [item.sample_id for item in chain]


def _worth_asking_again(outcomes: Sequence[Outcome | None]) -> bool:
    """Nothing settled the chain, and something failed for a reason that may pass or was never asked."""
    return not any(how in SETTLING for how in outcomes) and any(
        how not in ANSWERS and how != "invalid" for how in outcomes
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_any_order_of_settling_gives_the_same_export(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    chance = random.Random(seed)
    texts = [f"t{i}" for i in range(9)]
    exports = []
    for order in (list(texts), chance.sample(texts, len(texts))):
        path = tmp_path_factory.mktemp("order") / "journal.sqlite"
        use(path, _settle_in(order, texts, again=chance.choice(texts)))
        exports.append([{k: v for k, v in row.items() if k not in ("created_at", "attempts")} for row in rows(path)])
    assert exports[0] == exports[1]
    assert [row["reply"] for row in exports[0]] == texts


def _settle_in(order: Sequence[str], texts: Sequence[str], again: str) -> Callable[[Journal], Awaitable[None]]:
    async def work(journal: Journal) -> None:
        await journal.want((wanted(text),) for text in texts)
        await end(journal, request(again), "transient")
        attempts = {text: await journal.intend(request(text)) for text in order}
        for text in reversed(order):
            top = tuple(Alternative(word.encode(), -1.0) for word in (text, "yes", "no"))
            token = TokenLogprob(text.encode(), -1.0, None, top)
            await journal.settle(attempts[text], request(text), Reply(text, tokens=(token,)))

    return work


def test_a_declaration_that_fails_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    def broken() -> Iterator[FallbackChain]:
        yield from ((wanted(f"new {i}"),) for i in range(5000))
        raise InputError("is not JSON")

    async def work(journal: Journal) -> None:
        await journal.want([(wanted("old"),)], "first")
        with pytest.raises(InputError):
            await journal.want(broken(), "second")
        assert journal.has_declared("first")
        assert [chain[0].sample_id for chain in journal.owed(0)] == [wanted("old").sample_id]
        await journal.want([(wanted("newer"),)], "third")
        assert [chain[0].sample_id for chain in journal.owed(0)] == [wanted("newer").sample_id]

    use(path, work)


DECLARE = """
import asyncio, sys, time
from pathlib import Path
from pipeline.journal.journal import Journal
from tests.pipeline.journal.test_laws import wanted
def chains():
    for number in range(10**6):
        if number == 5000: print("under way", flush=True)
        yield (wanted(f"new {number}"),)
with Journal(Path(sys.argv[1])) as journal:
    asyncio.run(journal.want(chains()))
"""


def test_a_kill_in_the_middle_of_a_declaration_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def declare(journal: Journal) -> None:
        await journal.want([(wanted("old"),)], "first")
        await end(journal, request("old"), "ok")

    use(path, declare)
    process = subprocess.Popen(
        [sys.executable, "-c", DECLARE, path], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "under way\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert [row["reply"] for row in rows(path)] == ["text"]
    with Journal(path) as journal:
        assert journal.has_declared("first")
        assert list(journal.owed(0)) == []


def test_a_prompt_that_comes_again_is_one_and_shared_requests_are_sent_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    other = SampleRequest(digest("another template"), request("a"), 2, "other", None)

    async def work(journal: Journal) -> list[str]:
        texts = ["a", "a", "b", "a", "c", "b"]
        chains = [(wanted(text, index=index),) for text in texts for index in range(2)]
        await journal.want([*chains, (other,)], rows=lambda: len(texts) + 1)
        counts = journal.counts()
        assert (counts["rows"], counts["prompts"], counts["samples"]) == (7, 4, 7)
        return [chain[0].request.key for chain in journal.owed(0)]

    owed = use(path, work)
    assert owed == [request(text, index=index).key for text in "abc" for index in range(2)]

    async def answer(journal: Journal) -> None:
        await end(journal, request("a"), "ok")

    use(path, answer)
    assert progress_of(path)["answered"] == 2  # of both prompts that render to this text


def test_a_request_comes_back_as_it_was_declared(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    items = [
        SampleRequest(
            digest(text),
            Request(Identity("p", "m", "http://x", "v", 3, "terms"), (Message("user", text),), how, '{"a":1}', 4),
            1,
            None,
            "g",
        )
        for text in ("", "ü\n\0", "x" * 5000)
        for how in (Sampling(), Sampling(0.5, 0.9, 7, 8, 20, "high"))
    ]

    async def work(journal: Journal) -> list[FallbackChain]:
        await journal.want((item,) for item in items)
        return list(journal.owed(0))

    assert use(path, work) == [(item,) for item in items]
