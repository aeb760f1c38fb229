"""Asking: many requests with bounded concurrency, each journaled before it is sent and after it ended."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pipeline.errors import RunError
from pipeline.journal import Journal
from prompts.errors import StillhouseError
from teachers.base import Reply, Request, Teacher
from teachers.errors import AuthError, InvalidRequest, TeacherError
from teachers.wrapper import Wrapper

HOPELESS = 10
"""So many refused requests before the first answer, and the fault is the recipe's, not a prompt's."""


class Journaled(Wrapper):
    """A teacher whose every attempt is on disk before it is sent and after it ended."""

    def __init__(self, teacher: Teacher, journal: Journal) -> None:
        super().__init__(teacher)
        self._journal = journal

    async def complete(self, request: Request) -> Reply:
        """Intent, answer, outcome. A cancelled attempt keeps its intent: it may have been paid."""
        attempt = await self._journal.intend(request)
        try:
            reply = await self._teacher.complete(request)
        except TeacherError as error:
            await self._journal.settle(attempt, request, error)
            raise
        await self._journal.settle(attempt, request, reply)
        return reply


@dataclass(slots=True)
class Tally:
    """What has been done so far in this process."""

    total: int
    outcomes: Counter[str] = field(default_factory=Counter)
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    last_error: str | None = None

    @property
    def done(self) -> int:
        """Requests that ended, answered or not."""
        return self.outcomes.total()

    def count_reply(self, reply: Reply) -> None:
        """Adds an answer and what it used."""
        self.outcomes[reply.outcome] += 1
        self.input_tokens += reply.usage.input_tokens or 0
        self.output_tokens += reply.usage.output_tokens or 0
        self.cost_usd += reply.cost_usd or 0.0

    def count_failure(self, error: TeacherError) -> None:
        """Adds a request that was given up."""
        self.outcomes[error.outcome] += 1
        self.last_error = str(error)

    @property
    def hopeless(self) -> bool:
        """Nothing but refused requests so far, and enough of them to know."""
        return self.outcomes["invalid"] >= HOPELESS and self.outcomes["invalid"] == self.done


class Asker:
    """Asks many requests with bounded concurrency; `stop()` lets what is in flight end."""

    def __init__(self, teacher: Teacher, tally: Tally, on_progress: Callable[[Tally], None]) -> None:
        self._teacher, self._tally, self._on_progress = teacher, tally, on_progress
        self._stopped = False
        self._fatal: StillhouseError | None = None

    @property
    def stopped(self) -> bool:
        """Whether it was asked to stop before everything was sent."""
        return self._stopped

    def stop(self) -> None:
        """Sends nothing more; replies in flight are still awaited and journaled."""
        self._stopped = True

    async def ask(self, requests: Iterable[Request], concurrency: int) -> None:
        """Returns when all are asked or it was stopped; raises the error that makes going on pointless."""
        feed = iter(requests)
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(self._work(feed))
        if self._fatal is not None:
            raise self._fatal

    async def _work(self, feed: Iterator[Request]) -> None:
        for request in feed:
            if self._stopped or self._fatal is not None:
                return
            await self._ask_one(request)
            self._on_progress(self._tally)

    async def _ask_one(self, request: Request) -> None:
        try:
            self._tally.count_reply(await self._teacher.complete(request))
        except TeacherError as error:
            self._tally.count_failure(error)
            if isinstance(error, AuthError) or (isinstance(error, InvalidRequest) and self._tally.hopeless):
                self._fatal = error
        except RunError as error:
            # The journal cannot be written: nothing more may be sent.
            self._fatal = error
