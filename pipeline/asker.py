"""Asking: many chains of requests with bounded concurrency, and the tally of how they end."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.chains import SETTLING, Chain
from pipeline.errors import RunError
from prompts.errors import StillhouseError
from teachers.base import Outcome, Reply, Request, Teacher
from teachers.errors import AuthError, InvalidRequest, TeacherError

HOPELESS = 10
"""So many refused requests before the first answer, and the fault is the recipe's, not a prompt's."""


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


class Asker:
    """Asks chains of requests with bounded concurrency; `stop()` lets what is in flight end."""

    def __init__(self, teachers: Mapping[int, Teacher], tally: Tally, on_progress: Callable[[Tally], None]) -> None:
        self._teachers, self._tally, self._on_progress = teachers, tally, on_progress
        self._ended: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._stopped = False
        self._fatal: StillhouseError | None = None
        self.unsent = 0
        """Chains that were not asked to their end because it was stopped."""

    @property
    def stopped(self) -> bool:
        """Whether it was asked to stop before everything was sent."""
        return self._stopped

    def stop(self) -> None:
        """Sends nothing more; replies in flight are still awaited and journaled."""
        self._stopped = True

    async def ask(self, lanes: Iterable[Iterable[Chain]], concurrency: int) -> None:
        """Asks the chains of every lane, `concurrency` of each at once: a slow teacher holds up no other.

        Returns when all are asked or it was stopped; raises the error that makes going on pointless.
        """
        async with asyncio.TaskGroup() as group:
            for feed in map(iter, lanes):
                for _ in range(concurrency):
                    group.create_task(self._work(feed))
        if self._fatal is not None:
            raise self._fatal

    async def _work(self, feed: Iterator[Chain]) -> None:
        for chain in feed:
            for item in chain:
                if self._stopped or self._fatal is not None:
                    self.unsent += 1
                    return
                outcome = await self._ask_one(item.seat, item.request)
                self._on_progress(self._tally)
                if outcome in SETTLING:
                    break

    async def _ask_one(self, seat: int, request: Request) -> Outcome | None:
        """How it ended; None where the journal failed."""
        try:
            reply = await self._teachers[seat].complete(request)
        except TeacherError as error:
            self._tally.count_failure(error)
            self._ended[seat][error.outcome] += 1
            if isinstance(error, AuthError) or (isinstance(error, InvalidRequest) and self._is_hopeless(seat)):
                self._fatal = error
            return error.outcome
        except RunError as error:
            # The journal cannot be written: nothing more may be sent.
            self._fatal = error
            return None
        self._tally.count_reply(reply)
        self._ended[seat][reply.outcome] += 1
        return reply.outcome

    def _is_hopeless(self, seat: int) -> bool:
        """Nothing but refused requests so far at this teacher, and enough of them to know."""
        return self._ended[seat]["invalid"] >= HOPELESS and self._ended[seat]["invalid"] == self._ended[seat].total()
