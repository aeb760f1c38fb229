"""A teacher as a pipeline asks it: every attempt is on disk before it is sent and after it ended."""

from __future__ import annotations

from pipeline.inference.budget import Budgeted, CostBound, Ledger, cost_bound_of, known_cost_bound
from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.journal.journal import Journal
from pipeline.recipe.recipe import Generate
from teachers.base import Reply, Request, Teacher
from teachers.catalog import open_teacher
from teachers.errors import TeacherError
from teachers.pacing.account import Account
from teachers.pacing.meter import Metered
from teachers.pacing.pace import Landed, Paced
from teachers.pacing.retry import Retrying
from teachers.pacing.wrapper import Wrapper


class Journaled(Wrapper):
    """A teacher whose every attempt is on disk before it is sent and after it ended."""

    def __init__(self, teacher: Teacher, journal: Journal, cost_bound: CostBound | None = None) -> None:
        super().__init__(teacher)
        self._journal, self._cost_bound = journal, cost_bound

    async def complete(self, request: Request) -> Reply:
        """Intent, answer, outcome. A cancelled attempt keeps its intent: it may have been paid."""
        worst_usd = None if self._cost_bound is None else self._cost_bound.worst_usd(request)
        attempt = await self._journal.intend(request, worst_usd)
        try:
            reply = await self._teacher.complete(request)
        except TeacherError as error:
            await self._journal.settle(attempt, request, error)
            raise
        await self._journal.settle(attempt, request, reply)
        return reply


def open_stack(
    endpoint: ConfiguredTeacher, journal: Journal, generate: Generate, account: Account, ledger: Ledger | None = None
) -> Teacher:
    """Opens an endpoint's teacher, metered, journaled, paced by its account, budgeted and retried.

    Raises as `open_teacher` does; InputError where a budget needs a price that is not known.
    """
    cost_bound = cost_bound_of(endpoint) if ledger is not None else known_cost_bound(endpoint)
    teacher = open_teacher(endpoint.description.spec, concurrency=generate.concurrency, timeout_s=generate.timeout_s)
    landed = Landed(Metered(teacher, endpoint.entry.to_price()), account)
    stack: Teacher = Paced(Journaled(landed, journal, cost_bound), account)
    if ledger is not None and cost_bound is not None:
        stack = Budgeted(stack, ledger, cost_bound)
    return Retrying(stack, attempts=generate.attempts, sleep=account.rest)
