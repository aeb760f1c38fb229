"""The one layer that retries: a teacher around a teacher."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from teachers.base import Reply, Request, Teacher
from teachers.errors import TeacherError
from teachers.pacing.wrapper import Wrapper

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
        self._attempts, self._backoff_s, self._max_backoff_s = attempts, backoff_s, max_backoff_s
        self._sleep = sleep

    async def complete(self, request: Request) -> Reply:
        """Answers, after as many attempts as it takes and is allowed."""
        failed = 0
        while True:
            try:
                return await self._teacher.complete(request)
            except TeacherError as error:
                failed += 1
                if not error.retryable or failed >= self._attempts:
                    raise
                wait_s = self._wait_s(error, failed)
            await self._sleep(wait_s)  # outside the handler: what is raised meanwhile is not this error's doing

    def _wait_s(self, error: TeacherError, failed: int) -> float:
        if error.retry_after_s is not None:
            return error.retry_after_s
        # Beyond 2^64 there is no wait, and a float overflows at 2^1024.
        return random.uniform(0.0, min(self._max_backoff_s, self._backoff_s * 2.0 ** min(failed - 1, 64)))
