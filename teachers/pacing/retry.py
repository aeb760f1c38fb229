"""The one layer that retries: a teacher around a teacher. Waiting and counting are tenacity's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from teachers.base import Reply, Request, Teacher
from teachers.errors import TeacherError
from teachers.pacing.wrapper import Wrapper

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState

Sleep = Callable[[float], Awaitable[None]]


class Retrying(Wrapper):
    """Tries again where another try may succeed, and raises the last error where none did.

    A server's own hint is waited for as it stands. Without one the wait is drawn from 0 to
    `backoff_s * 2^n`, at most `max_backoff_s` ("full jitter",
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).

    The first try is plain: most requests succeed, and building tenacity's objects for each cost as much CPU as all
    other wrappers together (docs/decisions/0013-retry.md).
    """

    def __init__(
        self,
        teacher: Teacher,
        *,
        attempts: int = 6,
        backoff_s: float = 1.0,
        max_backoff_s: float = 60.0,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        super().__init__(teacher)
        self._attempts, self._backoff_s, self._max_backoff_s = attempts, backoff_s, max_backoff_s
        self._sleep = sleep

    async def complete(self, request: Request) -> Reply:
        """Answers, after as many attempts as it takes and is allowed."""
        try:
            return await self._teacher.complete(request)
        except TeacherError as error:
            if not error.retryable:
                raise
            first = error
        # Outside the handler: what is raised while it waits is not this error's doing.
        return await self._try_again(request, first)

    async def _try_again(self, request: Request, first: TeacherError) -> Reply:
        """Hands the request to tenacity, for which its first attempt is the one that has failed already."""
        # A list, since `attempt` takes the error out of it and asks the teacher from then on.
        failed = [first]

        async def attempt() -> Reply:
            if failed:
                raise failed.pop()
            return await self._teacher.complete(request)

        return await self._retries()(attempt)

    def _retries(self) -> AsyncRetrying:
        """Builds tenacity's loop for one request: it keeps its state in itself, so that two cannot share one."""
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        jitter = wait_random_exponential(multiplier=self._backoff_s, max=self._max_backoff_s)

        def wait_s(state: RetryCallState) -> float:
            hint_s = _hint_s(state)
            if hint_s is None:
                return jitter(state)
            return hint_s

        return AsyncRetrying(
            sleep=self._sleep,
            stop=stop_after_attempt(self._attempts),
            wait=wait_s,
            retry=retry_if_exception(_is_retryable),
            reraise=True,
        )


def _is_retryable(error: BaseException) -> bool:
    # Being cancelled, and Closed of an account that lets nothing more through, are no errors of a teacher's.
    return isinstance(error, TeacherError) and error.retryable


def _hint_s(state: RetryCallState) -> float | None:
    """Returns what the server said of when to come back."""
    if state.outcome is None:
        return None
    error = state.outcome.exception()
    if isinstance(error, TeacherError):
        return error.retry_after_s
    return None
