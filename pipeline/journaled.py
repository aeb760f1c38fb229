"""A teacher as a pipeline asks it: every attempt is on disk before it is sent and after it ended."""

from __future__ import annotations

from pipeline.budget import Budgeted, Ledger, Tariff, known_tariff, tariff_of
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

    def __init__(self, teacher: Teacher, journal: Journal, tariff: Tariff | None = None) -> None:
        super().__init__(teacher)
        self._journal, self._tariff = journal, tariff

    async def complete(self, request: Request) -> Reply:
        """Intent, answer, outcome. A cancelled attempt keeps its intent: it may have been paid."""
        worst_usd = None if self._tariff is None else self._tariff.worst_usd(request)
        attempt = await self._journal.intend(request, worst_usd)
        try:
            reply = await self._teacher.complete(request)
        except TeacherError as error:
            await self._journal.settle(attempt, request, error)
            raise
        await self._journal.settle(attempt, request, reply)
        return reply


def open_journaled(
    seat: Seat, journal: Journal, generate: Generate, account: Account, ledger: Ledger | None = None
) -> Teacher:
    """Opens a seat's teacher, metered, journaled, paced by its account, budgeted and retried.

    Raises as `open_teacher` does; InputError where a budget needs a price that is not known.
    """
    tariff = tariff_of(seat) if ledger is not None else known_tariff(seat)
    bare = open_teacher(seat.who.spec, concurrency=generate.concurrency, timeout_s=generate.timeout_s)
    landed = Landed(Metered(bare, seat.entry.to_price()), account)
    asked: Teacher = Paced(Journaled(landed, journal, tariff), account)
    if ledger is not None and tariff is not None:
        asked = Budgeted(asked, ledger, tariff)
    return Retrying(asked, attempts=generate.attempts, sleep=account.rest)
