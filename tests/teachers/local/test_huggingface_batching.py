"""What a batch must not change, on small random models whose answers depend on the whole prompt."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from prompts.messages import Conversation, Message
from teachers.base import Reply, Request, Sampling, Teacher
from teachers.catalog import open_teacher
from teachers.errors import InvalidRequest, TeacherError, Transient
from teachers.spec import Options, Spec
from tests.teachers.contract import conversation

T = TypeVar("T")
TOLERANCE = 1e-4
"""Of a logprob, in float32: the order of sums differs, nothing else."""

EXAMPLES = "Answer in one word. " + " ".join(f"Example {number}: the word is number {number}." for number in range(12))
LENGTHS = (1, 40, 3, 90, 2, 17, 60, 5)

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture
def spec(student: Path) -> Spec:
    return Spec.parse(f"huggingface:{student}")


def using(spec: Spec, concurrency: int, use: Callable[[Teacher], Awaitable[T]], timeout_s: float = 60.0) -> T:
    async def run() -> T:
        teacher = open_teacher(spec, concurrency=concurrency, timeout_s=timeout_s)
        try:
            return await use(teacher)
        finally:
            await teacher.close()

    return asyncio.run(run())


def sampled(number: int, **changes: Any) -> Sampling:
    return replace(Sampling(temperature=1.0, seed=number, max_tokens=4 + number, top_logprobs=3), **changes)


def asked(teacher: Teacher, number: int, how: Sampling, length: int | None = None) -> Request:
    words = " ".join(f"word{number}" for _ in range(LENGTHS[number % len(LENGTHS)] if length is None else length))
    return Request(teacher.identity, (Message("system", EXAMPLES), Message("user", words)), how)


async def together(teacher: Teacher, requests: list[Request]) -> list[Reply]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(teacher.complete(request)) for request in requests]
    return [task.result() for task in tasks]


def assert_alike(one: Reply, other: Reply) -> None:
    assert (one.text, one.outcome, one.finish_reason) == (other.text, other.outcome, other.finish_reason)
    assert one.usage.output_tokens == other.usage.output_tokens
    for mine, theirs in zip(one.tokens, other.tokens, strict=True):
        assert mine.id == theirs.id
        assert mine.logprob == pytest.approx(theirs.logprob, abs=TOLERANCE)
        assert [a.logprob for a in mine.top] == pytest.approx([a.logprob for a in theirs.top], abs=TOLERANCE)


def reference(path: Path, messages: Conversation, reply: Reply) -> list[float]:
    """The reply's logprobs from one plain forward pass, without a cache, by transformers alone."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModelForCausalLM.from_pretrained(path).eval()
    chat = [{"role": message.role, "content": message.content} for message in messages]
    prompt = list(tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True)["input_ids"])
    ids = [token.id for token in reply.tokens]
    with torch.inference_mode():
        logprobs_QV = torch.log_softmax(model(torch.tensor([prompt + ids])).logits[0].float(), dim=-1)
    return [float(logprobs_QV[len(prompt) - 1 + place, index]) for place, index in enumerate(ids)]


@pytest.mark.parametrize("share", [True, False], ids=["prefix shared", "prefix not shared"])
@pytest.mark.parametrize("concurrency", [2, 3, 8])
def test_a_batch_answers_as_each_request_alone(spec: Spec, concurrency: int, share: bool) -> None:
    async def use(teacher: Teacher) -> list[Reply]:
        return await together(teacher, [asked(teacher, number, sampled(number)) for number in range(16)])

    alone = using(spec, 1, use)
    assert len({reply.text for reply in alone}) > 12
    batched = using(replace(spec, options=Options(cache_prefix=share)), concurrency, use)
    for one, other in zip(alone, batched, strict=True):
        assert_alike(one, other)
        assert one.usage.cached_tokens == 0
        assert bool(other.usage.cached_tokens) <= share
    assert any(reply.usage.cached_tokens for reply in batched) == share


def test_prompts_that_begin_alike_stand_beside_others(spec: Spec) -> None:
    """Two kinds of examples, one of which goes on where the other ends, and prompts with none."""
    begin = (EXAMPLES, EXAMPLES + " Take care." * 20, "Other examples. " * 30, "")

    async def use(teacher: Teacher) -> list[Reply]:
        requests = []
        for number in range(12):
            messages = (Message("system", begin[number % 4]), *conversation(f"word{number} " * (number // 4 + 1)))
            requests.append(Request(teacher.identity, messages, sampled(number)))
        return await together(teacher, requests)

    alone, batched = using(spec, 1, use), using(spec, 3, use)
    for one, other in zip(alone, batched, strict=True):
        assert_alike(one, other)
    assert len({reply.usage.cached_tokens for reply in batched}) > 1


def test_logprobs_are_those_of_a_plain_forward_pass(spec: Spec, student: Path) -> None:
    async def use(teacher: Teacher) -> list[tuple[Request, Reply]]:
        requests = [asked(teacher, number, sampled(number)) for number in range(8)]
        return list(zip(requests, await together(teacher, requests), strict=True))

    answered = [pair for pair in using(spec, 8, use) if pair[1].tokens]
    assert len(answered) > 3
    for request, reply in answered:
        expected = reference(student, request.messages, reply)
        assert [token.logprob for token in reply.tokens] == pytest.approx(expected, abs=TOLERANCE)


def test_one_sampled_greedily_beside_one_with_a_nucleus(spec: Spec) -> None:
    ways = [Sampling(temperature=0, max_tokens=9), Sampling(temperature=2.0, top_p=0.3, seed=5, max_tokens=9)]

    async def use(teacher: Teacher) -> list[Reply]:
        return await together(teacher, [asked(teacher, 1, how) for how in ways * 2])

    alone, batched = using(spec, 1, use), using(spec, 4, use)
    assert [reply.text for reply in alone] == [reply.text for reply in batched]
    assert alone[0].text == alone[2].text != alone[1].text == alone[3].text


def test_requests_join_while_others_run(spec: Spec) -> None:
    long = Sampling(temperature=1.0, seed=1, max_tokens=400, top_logprobs=1)

    async def use(teacher: Teacher) -> tuple[Reply, bool]:
        running = asyncio.ensure_future(teacher.complete(asked(teacher, 0, long)))
        await asyncio.sleep(0.05)
        await teacher.complete(asked(teacher, 1, sampled(1)))
        early = not running.done()
        return await running, early

    alone = using(spec, 1, use)[0]
    joined, early = using(spec, 2, use)
    assert early
    assert joined.usage.output_tokens == alone.usage.output_tokens
    assert_alike(joined, alone)


def test_one_that_is_cancelled_leaves_and_the_others_stay_right(spec: Spec) -> None:
    long = Sampling(temperature=1.0, seed=1, max_tokens=1500)

    async def use(teacher: Teacher) -> list[Reply]:
        doomed = [asyncio.ensure_future(teacher.complete(asked(teacher, number, long))) for number in (0, 2)]
        kept = [
            asyncio.ensure_future(teacher.complete(asked(teacher, number, sampled(number, max_tokens=40))))
            for number in (1, 3)
        ]
        await asyncio.sleep(0.1)
        for task in doomed:
            task.cancel()
        await asyncio.wait(doomed)
        assert all(task.cancelled() for task in doomed)
        return [await task for task in kept]

    async def plain(teacher: Teacher) -> list[Reply]:
        return [await teacher.complete(asked(teacher, n, sampled(n, max_tokens=40))) for n in (1, 3)]

    for one, other in zip(using(spec, 4, use), using(spec, 1, plain), strict=True):
        assert_alike(one, other)


def test_one_that_is_late_is_transient_and_frees_its_place(spec: Spec) -> None:
    async def use(teacher: Teacher) -> None:
        endless = Sampling(temperature=3.0, seed=1, max_tokens=1900)
        with pytest.raises(Transient, match="no answer within"):
            await teacher.complete(asked(teacher, 0, endless))
        assert (await teacher.complete(asked(teacher, 1, sampled(1)))).tokens

    using(spec, 2, use, timeout_s=0.7)


def test_one_that_does_not_fit_fails_alone(spec: Spec) -> None:
    async def use(teacher: Teacher) -> list[Reply | BaseException]:
        requests = [
            asked(teacher, 0, sampled(0)),
            asked(teacher, 1, sampled(1), length=3000),
            asked(teacher, 2, sampled(2)),
        ]
        return await asyncio.gather(*map(teacher.complete, requests), return_exceptions=True)

    first, long, third = using(spec, 4, use)
    assert isinstance(first, Reply)
    assert isinstance(third, Reply)
    assert isinstance(long, InvalidRequest)
    assert "do not fit the context of 2048" in str(long)


def test_one_that_the_template_refuses_fails_alone(student: Path, tmp_path: Path) -> None:
    strict = tmp_path / "strict"
    shutil.copytree(student, strict)
    template = strict / "chat_template.jinja"
    refusal = "{% if messages[0].role == 'system' %}{{ raise_exception('no system text') }}{% endif %}"
    template.write_text(refusal + template.read_text())

    async def use(teacher: Teacher) -> list[Reply | BaseException]:
        plain = Request(teacher.identity, conversation("Hi"), sampled(1))
        requests = [plain, asked(teacher, 2, sampled(2)), plain]
        return await asyncio.gather(*map(teacher.complete, requests), return_exceptions=True)

    first, refused, third = using(Spec.parse(f"huggingface:{strict}"), 3, use)
    assert isinstance(first, Reply)
    assert first == third
    assert isinstance(refused, InvalidRequest)
    assert "refuses this: no system text" in str(refused)


def test_closing_refuses_what_waits_and_ends_what_runs(spec: Spec) -> None:
    async def use(teacher: Teacher) -> list[Reply | BaseException]:
        requests = [asked(teacher, number, sampled(number, max_tokens=30)) for number in range(6)]
        tasks = [asyncio.ensure_future(teacher.complete(request)) for request in requests]
        await asyncio.sleep(0.05)
        await teacher.close()
        return await asyncio.gather(*tasks, return_exceptions=True)

    replies = using(spec, 2, use)
    assert isinstance(replies[0], Reply)
    assert {type(reply) for reply in replies} == {Reply, InvalidRequest}
    assert all("closed" in str(reply) for reply in replies if isinstance(reply, TeacherError))


def test_the_end_of_the_context_is_the_limit(spec: Spec) -> None:
    async def use(teacher: Teacher) -> list[Reply]:
        unlimited = [Sampling(temperature=3.0, seed=number) for number in range(2)]
        return await together(teacher, [asked(teacher, 0, how, length=600) for how in unlimited])

    for reply in using(spec, 2, use):
        if reply.outcome == "truncated":
            assert (reply.usage.input_tokens or 0) + (reply.usage.output_tokens or 0) == 2048


def test_a_model_with_sliding_windows_answers_one_by_one(tokenizer: Any, tmp_path: Path) -> None:
    """Its layers forget what is far away, which rows in slots would not."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        use_sliding_window=True,
        sliding_window=16,
        max_window_layers=0,
        num_key_value_heads=2,
        initializer_range=0.5,
        eos_token_id=tokenizer.eos_token_id,
        **shape,
    )
    Qwen2ForCausalLM(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)

    async def use(teacher: Teacher) -> list[tuple[Request, Reply]]:
        requests = [asked(teacher, number, sampled(number)) for number in range(4)]
        return list(zip(requests, await together(teacher, requests), strict=True))

    for request, reply in using(Spec.parse(f"huggingface:{tmp_path}"), 4, use):
        expected = reference(tmp_path, request.messages, reply)
        assert [token.logprob for token in reply.tokens] == pytest.approx(expected, abs=TOLERANCE)


def test_probabilities_are_of_the_whole_vocabulary(spec: Spec, tokenizer: Any) -> None:
    everything = Options(capabilities=(("top_logprobs", len(tokenizer)),))

    async def use(teacher: Teacher) -> list[Reply]:
        how = Sampling(temperature=1.0, seed=2, max_tokens=2, top_logprobs=len(tokenizer))
        return await together(teacher, [asked(teacher, number, how) for number in range(2)])

    for reply in using(replace(spec, options=everything), 2, use):
        for token in reply.tokens:
            assert math.fsum(math.exp(other.logprob) for other in token.top) == pytest.approx(1, abs=1e-5)
