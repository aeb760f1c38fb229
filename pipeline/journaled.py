"""A teacher as a pipeline asks it: every attempt is on disk before it is sent and after it ended."""

from __future__ import annotations

from pipeline.journal import Journal
from pipeline.recipe import Generate
from pipeline.seats import Seat
from teachers.account import Account
from teachers.base import Reply, Request, Teacher
from teachers.catalog import open_teacher
from teachers.errors import TeacherError
from teachers.meter import Metered
from teachers.pace import Landed, Paced
from teachers.retry import Retrying
from teachers.wrapper import Wrapper


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


def open_journaled(seat: Seat, journal: Journal, generate: Generate, account: Account) -> Teacher:
    """Opens a seat's teacher, metered, journaled, paced by its account and retried. Raises as `open_teacher` does."""
    bare = open_teacher(seat.who.spec, concurrency=generate.concurrency, timeout_s=generate.timeout_s)
    landed = Landed(Metered(bare, seat.entry.to_price()), account)
    paced = Paced(Journaled(landed, journal), account)
    return Retrying(paced, attempts=generate.attempts, sleep=account.rest)
