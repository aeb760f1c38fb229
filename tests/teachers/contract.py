"""What every teacher keeps. Subclass `TeacherContract`, give it a `spec`, and the suite runs over it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import ClassVar, TypeVar

import pytest

from prompts.messages import Conversation, Message
from teachers.arrival import checked
from teachers.base import ANSWERS, Reply, Request, Sampling, Teacher
from teachers.catalog import describe, open_teacher
from teachers.errors import AuthError, InvalidRequest, RateLimited, TeacherError, Transient, Unsupported
from teachers.spec import Spec

T = TypeVar("T")
MAX_TOKENS = 6
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"label": {"enum": ["spam", "ham"]}},
        "required": ["label"],
        "additionalProperties": False,
    }
)

STATUSES: list[tuple[int, type[TeacherError]]] = [
    (302, InvalidRequest),
    (400, InvalidRequest),
    (401, AuthError),
    (402, AuthError),
    (403, AuthError),
    (404, InvalidRequest),
    (408, Transient),
    (409, Transient),
    (413, InvalidRequest),
    (418, InvalidRequest),
    (422, InvalidRequest),
    (429, RateLimited),
    (500, Transient),
    (502, Transient),
    (503, Transient),
    (529, Transient),
]
"""What an adapter over HTTP makes of a status whose body says nothing more."""

AWKWARD = ("na\u00efve \U0001f408", "null \0 byte", "\u2028\u200f\ufeff", " ", "{{ 7 * 7 }} <|im_end|>")


def conversation(text: str) -> Conversation:
    return (Message("user", text),)


def plain_sampling(teacher: Teacher, **changes: object) -> Sampling:
    """As deterministic as the teacher can be told to be."""
    greedy = Sampling(temperature=0.0 if teacher.capabilities.temperature else None, max_tokens=MAX_TOKENS)
    return replace(greedy, **changes)  # type: ignore[arg-type]  # the names are Sampling's


def ask(teacher: Teacher, text: str, **sampling: object) -> Awaitable[Reply]:
    return teacher.complete(Request(teacher.identity, conversation(text), plain_sampling(teacher, **sampling)))


@asynccontextmanager
async def opened(spec: str | Spec, concurrency: int = 2) -> AsyncIterator[Teacher]:
    teacher = open_teacher(spec, concurrency=concurrency, timeout_s=60.0)
    try:
        yield teacher
    finally:
        await teacher.close()


def with_teacher(spec: str | Spec, use: Callable[[Teacher], Awaitable[T]]) -> T:
    """Opens, uses and closes a teacher in an event loop of its own."""

    async def run() -> T:
        async with opened(spec) as teacher:
            return await use(teacher)

    return asyncio.run(run())


class TeacherContract:
    """The suite. A subclass gives the fixture `spec`, and `questions` that have different answers."""

    questions: ClassVar[tuple[str, ...]] = ("Repeat this word: apple", "Repeat this word: violin", "What is 2 + 2?")

    @pytest.fixture
    def spec(self) -> str | Spec:
        raise NotImplementedError

    def said(self, reply: Reply) -> str:
        """The part of the reply that its prompt decides: all of it, unless the server stamps its answers."""
        return reply.text

    def test_answers(self, spec: str | Spec) -> None:
        reply = with_teacher(spec, lambda teacher: ask(teacher, self.questions[0]))
        assert reply.outcome in ANSWERS
        assert reply.text
        assert reply.tokens == ()  # not asked for
        assert checked(reply) == reply

    def test_is_who_it_was_described_as(self, spec: str | Spec) -> None:
        async def use(teacher: Teacher) -> None:
            assert teacher.identity == describe(spec).identity
            assert teacher.capabilities == describe(spec).capabilities

        with_teacher(spec, use)

    def test_concurrent_calls_answer_their_own_prompt(self, spec: str | Spec) -> None:
        async def use(teacher: Teacher) -> None:
            one_by_one = [self.said(await ask(teacher, text)) for text in self.questions]
            assert len(set(one_by_one)) == len(self.questions)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_reply(teacher, text)) for text in reversed(self.questions)]
            assert [self.said(task.result()) for task in reversed(tasks)] == one_by_one

        with_teacher(spec, use)

    def test_logprobs_join_to_the_text(self, spec: str | Spec) -> None:
        async def use(teacher: Teacher) -> None:
            most = min(5, teacher.capabilities.top_logprobs)
            if most:
                reply = await ask(teacher, self.questions[0], top_logprobs=most)
                assert reply.tokens, reply.warnings
                assert b"".join(token.bytes for token in reply.tokens) == reply.text.encode()
                assert all(1 <= len(token.top) <= most for token in reply.tokens)
                assert all(token.logprob <= 0 for token in reply.tokens)

        with_teacher(spec, use)

    def test_a_seed_decides(self, spec: str | Spec) -> None:
        async def use(teacher: Teacher) -> None:
            if teacher.capabilities.seed:
                first = await ask(teacher, self.questions[0], temperature=1.0, seed=11)
                again = await ask(teacher, self.questions[0], temperature=1.0, seed=11)
                assert self.said(first) == self.said(again)

        with_teacher(spec, use)

    def test_what_it_cannot_do_is_refused_before_any_call(self, spec: str | Spec) -> None:
        async def use(teacher: Teacher) -> None:
            most = teacher.capabilities.top_logprobs
            with pytest.raises(Unsupported, match=f"set top_logprobs to {most}"):
                await ask(teacher, self.questions[0], top_logprobs=most + 1)
            if not teacher.capabilities.temperature:
                with pytest.raises(Unsupported, match="leave temperature unset"):
                    await ask(teacher, self.questions[0], temperature=0.5)

        with_teacher(spec, use)

    def test_what_a_request_adds_is_honoured_or_refused_before_any_call(self, spec: str | Spec) -> None:
        async def use(teacher: Teacher) -> None:
            can, plain = teacher.capabilities, Request(teacher.identity, conversation(self.questions[0]))
            if not can.schema:
                with pytest.raises(Unsupported, match="leave schema unset"):
                    await teacher.complete(replace(plain, schema=SCHEMA))
            if not can.score:
                with pytest.raises(Unsupported, match="cannot score"):
                    await teacher.complete(replace(plain, continuation="apple"))
            with pytest.raises(Unsupported, match="takes no reasoning_effort"):
                await teacher.complete(replace(plain, sampling=Sampling(reasoning_effort="to the utmost")))

        with_teacher(spec, use)

    def test_tokens_are_counted_once(self, spec: str | Spec) -> None:
        usage = with_teacher(spec, lambda teacher: ask(teacher, self.questions[0])).usage
        for part, whole in (
            (usage.cached_tokens, usage.input_tokens),
            (usage.cache_write_tokens, usage.input_tokens),
            (usage.reasoning_tokens, usage.output_tokens),
        ):
            assert part is None or 0 <= part <= (whole or 0)

    def test_more_calls_than_seats_are_all_answered(self, spec: str | Spec) -> None:
        async def use(teacher: Teacher) -> None:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_reply(teacher, self.questions[i % 3])) for i in range(6)]
            said = [self.said(task.result()) for task in tasks]
            assert said[:3] == said[3:]

        with_teacher(spec, use)

    @pytest.mark.parametrize("text", AWKWARD)
    def test_any_text_ends_as_a_reply_or_as_one_of_our_errors(self, spec: str | Spec, text: str) -> None:
        async def use(teacher: Teacher) -> None:
            with suppress(TeacherError):  # a replay has no such line, a provider may refuse it
                assert (await ask(teacher, text)).outcome in ANSWERS
            assert (await ask(teacher, self.questions[0])).text

        with_teacher(spec, use)

    def test_closes_twice_and_then_refuses(self, spec: str | Spec) -> None:
        async def use(teacher: Teacher) -> None:
            await teacher.close()
            await teacher.close()
            with suppress(TeacherError):  # or it has nothing to close, and answers
                await ask(teacher, self.questions[0])

        with_teacher(spec, use)

    def test_a_cancelled_call_leaves_it_usable(self, spec: str | Spec) -> None:
        async def use(teacher: Teacher) -> None:
            doomed = asyncio.ensure_future(ask(teacher, self.questions[0], max_tokens=32))
            await asyncio.sleep(0.01)
            doomed.cancel()
            await asyncio.wait([doomed])
            assert (await ask(teacher, self.questions[1])).text

        with_teacher(spec, use)


async def _reply(teacher: Teacher, text: str) -> Reply:
    return await ask(teacher, text)
