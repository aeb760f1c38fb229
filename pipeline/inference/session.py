"""One sitting with the teachers: opens those that are needed, asks, closes, and heeds Ctrl-C."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from pipeline.inference.accounts import account_of, open_accounts
from pipeline.inference.budget import open_ledger
from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.inference.scheduler import KeptCount, RequestScheduler, Tally
from pipeline.inference.stack import open_stack
from pipeline.inference.watch import watch
from pipeline.journal.journal import Journal
from pipeline.journal.samples import FallbackChain
from pipeline.process.signals import on_stop_signal
from pipeline.run.context import Context
from teachers.base import ANSWERS

OPEN = 4
"""Chains open at a teacher, as a multiple of `generate.concurrency`: in flight, waiting, or between two tries."""


@dataclass(slots=True, frozen=True)
class Session:
    """A stage's business with its teachers: those that may be asked, and the journal that keeps the answers."""

    context: Context
    journal: Journal
    stage: str
    """As the progress line names it."""
    endpoints: Mapping[int, ConfiguredTeacher]
    """Those that may be asked, by their numbers in the recipe."""


async def ask(
    session: Session, lanes: Mapping[int, Iterable[FallbackChain]], total: int, *, kept: KeptCount | None = None
) -> Tally:
    """Asks each lane's chains, `total` in all, and journals every attempt.

    A lane is the chains that one teacher is asked first; it is read as it is asked and never held whole. `kept`
    counts what passes curation. Raises KeyboardInterrupt when the user stopped it with
    requests unsent, and what makes going on pointless: AuthError, BudgetReached, the journal's RunError,
    InvalidRequest where all are refused.
    """
    context, journal, stage, endpoints = session.context, session.journal, session.stage, session.endpoints
    tally = Tally(total, kept=kept)
    if not total:
        return tally
    generate, progress = context.recipe.generate, context.progress
    accounts = open_accounts(endpoints, generate)
    ledger = open_ledger(generate, journal)
    async with AsyncExitStack() as stack:
        teachers = {}
        for number in sorted(endpoints):
            teachers[number] = open_stack(endpoints[number], journal, generate, accounts[number], ledger)
            stack.push_async_callback(teachers[number].close)
        scheduler = RequestScheduler(teachers, accounts, tally)
        alone = {number for number, endpoint in endpoints.items() if endpoint.warms_cache}
        with (
            watch(context, stage, tally, {account_of(endpoints[number]): accounts[number] for number in endpoints}),
            on_stop_signal(_stopping(scheduler, stage, progress.say)),
        ):
            await scheduler.ask(lanes, OPEN * generate.concurrency, alone)
    if tally.last_error:
        failed = sum(count for outcome, count in tally.outcomes.items() if outcome not in ANSWERS)
        progress.say(f"{stage}: {failed} requests got no answer; the last: {tally.last_error}")
    if scheduler.stopped and scheduler.unfinished:
        raise KeyboardInterrupt
    return tally


def _stopping(scheduler: RequestScheduler, stage: str, say: Callable[[str], None]) -> Callable[[], None]:
    """The first Ctrl-C or SIGTERM lets what is in flight end and be journaled; the second stops at once."""
    main = asyncio.current_task()

    def stop() -> None:
        if scheduler.stopped and main is not None:
            main.cancel()
        else:
            say(f"{stage}: stopping when the requests in flight have ended; again to stop now")
            scheduler.stop()

    return stop
