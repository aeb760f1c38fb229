"""What is tried again, how often and after how long."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from teachers.base import Capabilities, Identity, Reply, Request
from teachers.errors import (
    AuthError,
    InvalidRequest,
    Malformed,
    RateLimited,
    TeacherError,
    Transient,
    Unsupported,
)
from teachers.pacing.account import Closed
from teachers.pacing.retry import Retrying
from tests.teachers.contract import conversation

ROOT = Path(__file__).parents[3]
WHO = Identity("test", "m")


@dataclass
class Failing:
    """Raises the given errors in turn, then answers."""

    errors: list[TeacherError]
    identity: Identity = WHO
    capabilities: Capabilities = field(default_factory=Capabilities)
    closed: int = 0

    async def complete(self, request: Request) -> Reply:
        if self.errors:
            raise self.errors.pop(0)
        return Reply("fine")

    async def close(self) -> None:
        self.closed += 1


@dataclass
class Stalling:
    """Fails so often, then stalls: in its answer, or already while it is waited for another try."""

    errors: int
    stalls_waiting: bool
    identity: Identity = WHO
    capabilities: Capabilities = field(default_factory=Capabilities)
    asked: int = 0
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    asking: asyncio.Event = field(default_factory=asyncio.Event)

    async def complete(self, request: Request) -> Reply:
        self.asked += 1
        if self.asked <= self.errors:
            raise Transient("no", provider="p")
        self.asking.set()
        await asyncio.sleep(60)
        return Reply("late")

    async def sleep(self, seconds: float) -> None:
        self.waiting.set()
        await asyncio.sleep(60 if self.stalls_waiting else 0)

    async def close(self) -> None:
        """Nothing to free."""


def run(errors: list[TeacherError], attempts: int = 4) -> tuple[list[float], Reply | TeacherError]:
    """The waits in seconds, and how it ended."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    teacher = Retrying(Failing(errors), attempts=attempts, backoff_s=1.0, max_backoff_s=3.0, sleep=sleep)
    try:
        return waits, asyncio.run(teacher.complete(Request(WHO, conversation("x"))))
    except TeacherError as error:
        return waits, error


@pytest.mark.parametrize("kind", [Transient, RateLimited, Malformed])
def test_what_may_succeed_is_tried_again(kind: type[TeacherError]) -> None:
    waits, reply = run([kind("no", provider="p"), kind("no", provider="p")])
    assert reply == Reply("fine")
    assert len(waits) == 2


@pytest.mark.parametrize("kind", [AuthError, InvalidRequest, Unsupported])
def test_what_cannot_succeed_is_not(kind: type[TeacherError]) -> None:
    error = kind("no", provider="p")
    assert run([error]) == ([], error)


def test_the_servers_hint_is_the_wait() -> None:
    waits, _ = run([RateLimited("no", provider="p", retry_after_s=7.5), Transient("no", provider="p", retry_after_s=0)])
    assert waits == [7.5, 0]


def test_without_a_hint_the_wait_is_bounded_and_jittered() -> None:
    waits, _ = run([Transient("no", provider="p") for _ in range(30)], attempts=31)
    assert all(0 <= wait <= 3 for wait in waits)
    assert len(set(waits)) > 10


def test_the_last_error_is_raised_as_it_was() -> None:
    errors: list[TeacherError] = [Transient(str(index), provider="p") for index in range(9)]
    last = errors[3]
    waits, error = run(errors, attempts=4)
    assert error is last
    assert len(waits) == 3


def test_one_attempt_is_one_attempt() -> None:
    error = Transient("no", provider="p")
    assert run([error], attempts=1) == ([], error)


def test_a_first_answer_that_cannot_be_cured_ends_what_was_tried_again() -> None:
    last = InvalidRequest("no", provider="p")
    waits, error = run([Transient("no", provider="p"), last, Transient("no", provider="p")])
    assert error is last
    assert len(waits) == 1


@pytest.mark.parametrize("when", ["waiting", "asking"])
def test_who_is_cancelled_asks_no_more(when: str) -> None:
    teacher = Stalling(errors=1, stalls_waiting=when == "waiting")

    async def cancelled_soon() -> None:
        entered = teacher.waiting if when == "waiting" else teacher.asking
        task = asyncio.ensure_future(Retrying(teacher, sleep=teacher.sleep).complete(Request(WHO, conversation("x"))))
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled_soon())
    assert teacher.asked == (1 if when == "waiting" else 2)


def test_what_stops_the_waiting_is_raised_as_it_is() -> None:
    async def closed(seconds: float) -> None:
        raise Closed

    teacher = Retrying(Failing([Transient("no", provider="p")]), sleep=closed)
    with pytest.raises(Closed) as caught:
        asyncio.run(teacher.complete(Request(WHO, conversation("x"))))
    assert caught.value.__context__ is None


def test_requests_that_fail_together_are_counted_apart() -> None:
    async def ask_all() -> list[Reply | BaseException]:
        teacher = Retrying(Failing([RateLimited("no", provider="p", retry_after_s=0) for _ in range(40)]), attempts=3)
        asked = [teacher.complete(Request(WHO, conversation(str(index)))) for index in range(16)]
        return await asyncio.gather(*asked, return_exceptions=True)

    ended = asyncio.run(ask_all())
    # 16 fail once, 16 twice, and of the third attempts as many as there are errors left.
    assert sum(isinstance(reply, RateLimited) for reply in ended) == 40 - 2 * 16
    assert sum(isinstance(reply, Reply) for reply in ended) == 16 - (40 - 2 * 16)


def test_a_success_does_not_even_load_tenacity() -> None:
    code = """
import asyncio, sys
from tests.teachers.pacing.test_retry import WHO, Failing, Request, Retrying, conversation
sys.modules.pop("tenacity", None)
asyncio.run(Retrying(Failing([])).complete(Request(WHO, conversation("x"))))
assert "tenacity" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_it_is_the_teacher_it_wraps() -> None:
    inner = Failing([])
    outer = Retrying(inner)
    assert (outer.identity, outer.capabilities) == (inner.identity, inner.capabilities)
    asyncio.run(outer.close())
    assert inner.closed == 1
