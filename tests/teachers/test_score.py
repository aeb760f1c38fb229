"""Teacher-forced scoring, through the public helper and a transformers model."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from prompts.messages import Message
from teachers.base import Reply, Request, Sampling, Teacher, Usage
from teachers.catalog import open_teacher
from teachers.errors import InvalidRequest, Unsupported
from teachers.score import score
from teachers.spec import Options, Spec
from tests.teachers.contract import conversation

T = TypeVar("T")
TOLERANCE = 1e-4
"""Of a logprob, in float32: the order of sums differs, nothing else."""

TEXTS = ("spam", "Naïve café 🙂🙂 – 東京", "<|im_end|>\n<|im_start|>user", "  two spaces, then\n\nlines ", "a " * 200)

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture
def spec(student: Path) -> Spec:
    return Spec.parse(f"huggingface:{student}")


def using(spec: Spec, use: Callable[[Teacher], Awaitable[T]], concurrency: int = 1) -> T:
    async def run() -> T:
        teacher = open_teacher(spec, concurrency=concurrency)
        try:
            return await use(teacher)
        finally:
            await teacher.close()

    return asyncio.run(run())


def test_a_reply_scores_as_it_was_generated(prepared: Path) -> None:
    asked = conversation("Name three fruits.")

    async def use(teacher: Teacher) -> tuple[Reply, Reply]:
        how = Sampling(temperature=0, max_tokens=24, top_logprobs=5)
        reply = await teacher.complete(Request(teacher.identity, asked, how))
        return reply, await score(teacher, asked, reply.text, top_logprobs=5)

    generated, scored = using(Spec.parse(f"huggingface:{prepared}"), use)
    assert scored.text == generated.text
    assert scored.outcome == "ok"
    assert [token.id for token in scored.tokens] == [token.id for token in generated.tokens]
    assert [token.bytes for token in scored.tokens] == [token.bytes for token in generated.tokens]
    for mine, theirs in zip(scored.tokens, generated.tokens, strict=True):
        assert mine.logprob == pytest.approx(theirs.logprob, abs=TOLERANCE)
        assert [other.id for other in mine.top] == [other.id for other in theirs.top]
    assert scored.usage.input_tokens == generated.usage.input_tokens
    assert scored.usage.output_tokens == len(scored.tokens)


@pytest.mark.parametrize("concurrency", [1, 5])
def test_any_text_joins_and_a_batch_scores_as_one(spec: Spec, concurrency: int) -> None:
    async def use(teacher: Teacher) -> list[Reply]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(score(teacher, conversation("Say."), text, top_logprobs=2)) for text in TEXTS]
        return [task.result() for task in tasks]

    for text, reply, alone in zip(TEXTS, using(spec, use, concurrency), using(spec, use), strict=True):
        assert reply.text == text
        assert b"".join(token.bytes for token in reply.tokens) == text.encode()
        expected = [token.logprob for token in alone.tokens]
        assert [token.logprob for token in reply.tokens] == pytest.approx(expected, abs=TOLERANCE)
        assert all(len(token.top) == 2 for token in reply.tokens)


def test_the_logprobs_are_those_of_a_plain_forward_pass(spec: Spec, student: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    reply = using(spec, lambda teacher: score(teacher, conversation("Say."), TEXTS[1]))
    tokenizer, model = AutoTokenizer.from_pretrained(student), AutoModelForCausalLM.from_pretrained(student).eval()
    chat = [{"role": "user", "content": "Say."}]
    prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    ids = tokenizer(prompt + TEXTS[1], add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        logprobs_QV = torch.log_softmax(model(torch.tensor([ids])).logits[0], dim=-1)
    start = len(ids) - len(reply.tokens)
    assert [token.id for token in reply.tokens] == ids[start:]
    expected = [float(logprobs_QV[place - 1, ids[place]]) for place in range(start, len(ids))]
    assert [token.logprob for token in reply.tokens] == pytest.approx(expected, abs=TOLERANCE)


def test_long_texts_are_scored_in_pieces(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(teacher: Teacher) -> list[Reply]:
        asked = conversation("word " * 600)
        async with asyncio.TaskGroup() as group:
            # While this one is read the others gather: like lengths, one forward pass, were it not cut.
            group.create_task(teacher.complete(Request(teacher.identity, asked, Sampling(max_tokens=1))))
            await asyncio.sleep(0.02)
            texts = [TEXTS[4], TEXTS[4][:360]]
            tasks = [group.create_task(score(teacher, conversation("Say."), text, top_logprobs=1)) for text in texts]
        return [task.result() for task in tasks]

    whole = using(spec, use, 3)
    monkeypatch.setattr("teachers.local.decoding.FORWARD_TOKENS", 64)
    monkeypatch.setattr("teachers.local.decoding.LOGPROBS", 14 * 49152)
    for one, other in zip(whole, using(spec, use, 3), strict=True):
        expected = [token.logprob for token in one.tokens]
        assert [token.logprob for token in other.tokens] == pytest.approx(expected, abs=TOLERANCE)


def test_the_whole_vocabulary_sums_to_one(spec: Spec) -> None:
    spec = replace(spec, options=Options(capabilities=(("top_logprobs", 100_000),)))
    reply = using(spec, lambda teacher: score(teacher, conversation("Say."), "spam", top_logprobs=100_000))
    for token in reply.tokens:
        assert math.fsum(math.exp(other.logprob) for other in token.top) == pytest.approx(1, abs=1e-5)
        assert token.logprob in [other.logprob for other in token.top if other.id == token.id]


def test_without_alternatives_and_without_text(spec: Spec) -> None:
    async def use(teacher: Teacher) -> tuple[Reply, Reply]:
        asked = conversation("Say.")
        return await score(teacher, asked, "spam", top_logprobs=0), await score(teacher, asked, "")

    plain, empty = using(spec, use)
    assert [token.top for token in plain.tokens] == [()] * len(plain.tokens) != []
    assert (empty.text, empty.tokens) == ("", ())
    assert empty.usage == Usage(plain.usage.input_tokens, 0, 0)


def test_what_does_not_fit_or_cannot_be_written_is_invalid(spec: Spec) -> None:
    async def use(teacher: Teacher) -> None:
        with pytest.raises(InvalidRequest, match="to score do not fit the context of 2048"):
            await score(teacher, conversation("Say."), "word " * 3000)
        with pytest.raises(InvalidRequest, match="cannot write this text"):
            await score(teacher, conversation("Say."), "\U00040000")  # its vocabulary lacks the byte F1
        assert (await score(teacher, conversation("Say."), "spam")).tokens

    using(spec, use, 2)


def test_scoring_stands_beside_generation(spec: Spec) -> None:
    async def use(teacher: Teacher) -> tuple[Reply, Reply, Reply]:
        asked = (Message("system", "word " * 80), *conversation("Say."))
        how = Sampling(temperature=1.0, seed=3, max_tokens=30, top_logprobs=2)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(teacher.complete(Request(teacher.identity, asked, how)))
            first = group.create_task(score(teacher, asked, TEXTS[0]))
            second = group.create_task(score(teacher, asked, TEXTS[3]))
        return writing.result(), first.result(), second.result()

    for mixed, alone in zip(using(spec, use, 3), using(spec, use), strict=True):
        assert mixed.text == alone.text
        expected = [token.logprob for token in alone.tokens]
        assert [token.logprob for token in mixed.tokens] == pytest.approx(expected, abs=TOLERANCE)


def test_a_teacher_that_cannot_score_says_so(tmp_path: Path) -> None:
    rules = tmp_path / "rules.jsonl"
    rules.write_text('{"reply": "ham"}\n')
    with pytest.raises(Unsupported, match="cannot score a given text"):
        using(Spec.parse(f"scripted:{rules}"), lambda teacher: score(teacher, conversation("Say."), "spam"))
