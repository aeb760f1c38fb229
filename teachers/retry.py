"""The one layer that retries: a teacher around a teacher."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from teachers.base import Reply, Request, Teacher
from teachers.errors import TeacherError
from teachers.wrapper import Wrapper

Sleep = Callable[[float], Awaitable[None]]


class Retrying(Wrapper):
    """Tries again where another try may succeed, and raises the last error where none did.

    A server's own hint is waited for as it stands. Without one the wait is drawn from 0 to
    `backoff_s * 2^n`, at most `max_backoff_s` ("full jitter",
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
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
        self._stop = stop_after_attempt(attempts)
        self._backoff = wait_random_exponential(multiplier=backoff_s, max=max_backoff_s)
        self._sleep = sleep

    async def complete(self, request: Request) -> Reply:
        """Answers, after as many attempts as it takes and is allowed."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(is_retryable),
            stop=self._stop,
            wait=self._wait_s,
            sleep=self._sleep,
            reraise=True,
        )
        return await retrying(self._teacher.complete, request)

    def _wait_s(self, state: RetryCallState) -> float:
        error = state.outcome and state.outcome.exception()
        hint = error.retry_after_s if isinstance(error, TeacherError) else None
        return self._backoff(state) if hint is None else hint


def is_retryable(error: BaseException) -> bool:
    """Whether another try may succeed."""
    return isinstance(error, TeacherError) and error.retryable
