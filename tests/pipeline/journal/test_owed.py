"""What is owed follows from what was declared and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.journal.export import rows
from pipeline.journal.journal import Journal
from pipeline.journal.progress import progress_of
from pipeline.journal.samples import SETTLING, FallbackChain, SampleRequest, owed_of
from prompts.digest import digest
from prompts.messages import Message
from teachers.base import ANSWERS, Identity, Outcome, Request, Sampling
from tests.pipeline.journal.make_laws import end, use, wanted

OUTCOMES: st.SearchStrategy[Outcome | None]
OUTCOMES = st.sampled_from([None, "ok", "truncated", "refused", "filtered", "transient", "invalid"])


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
