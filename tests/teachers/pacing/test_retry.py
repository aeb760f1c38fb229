"""What is tried again, how often and after how long."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

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
from teachers.pacing.retry import Retrying
from tests.teachers.contract import conversation

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


def test_it_is_the_teacher_it_wraps() -> None:
    inner = Failing([])
    outer = Retrying(inner)
    assert (outer.identity, outer.capabilities) == (inner.identity, inner.capabilities)
    asyncio.run(outer.close())
    assert inner.closed == 1
