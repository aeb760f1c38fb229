"""One sitting with the teachers: opens those that are needed, asks, closes, and heeds Ctrl-C."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack

from pipeline.accounts import account_of, open_accounts
from pipeline.asker import Asker, Tally
from pipeline.budget import open_ledger
from pipeline.chains import Chain
from pipeline.context import Context
from pipeline.curate.so_far import KeptSoFar
from pipeline.journal import Journal
from pipeline.journaled import open_journaled
from pipeline.pace_log import watch
from pipeline.seats import Seat
from pipeline.signals import on_stop_signal
from teachers.base import ANSWERS

OPEN = 4
"""Chains open at a teacher, as a multiple of `generate.concurrency`: in flight, waiting, or between two tries."""


async def ask(
    context: Context,
    journal: Journal,
    stage: str,
    seats: Mapping[int, Seat],
    lanes: Mapping[int, Iterable[Chain]],
    total: int,
    *,
    kept: KeptSoFar | None = None,
) -> Tally:
    """Asks each lane's chains, `total` in all, and journals every attempt.

    A lane is the chains that one seat is asked first; it is read as it is asked and never held whole. `seats` are
    those that may be asked; `kept` counts what passes curation. Raises KeyboardInterrupt when the user stopped it with
    requests unsent, and what makes going on pointless: AuthError, BudgetReached, the journal's RunError,
    InvalidRequest where all are refused.
    """
    tally = Tally(total, kept=kept)
    if not total:
        return tally
    generate, progress = context.recipe.generate, context.progress
    accounts = open_accounts(seats, generate)
    ledger = open_ledger(generate, journal)
    async with AsyncExitStack() as stack:
        teachers = {}
        for number in sorted(seats):
            teachers[number] = open_journaled(seats[number], journal, generate, accounts[number], ledger)
            stack.push_async_callback(teachers[number].close)
        asker = Asker(teachers, accounts, tally)
        alone = {number for number, seat in seats.items() if seat.warms_cache}
        with (
            watch(context, stage, tally, {account_of(seats[number]): accounts[number] for number in seats}),
            on_stop_signal(_stopping(asker, stage, progress.say)),
        ):
            await asker.ask(lanes, OPEN * generate.concurrency, alone)
    if tally.last_error:
        failed = sum(count for outcome, count in tally.outcomes.items() if outcome not in ANSWERS)
        progress.say(f"{stage}: {failed} requests got no answer; the last: {tally.last_error}")
    if asker.stopped and asker.unfinished:
        raise KeyboardInterrupt
    return tally


def _stopping(asker: Asker, stage: str, say: Callable[[str], None]) -> Callable[[], None]:
    """The first Ctrl-C or SIGTERM lets what is in flight end and be journaled; the second stops at once."""
    main = asyncio.current_task()

    def stop() -> None:
        if asker.stopped and main is not None:
            main.cancel()
        else:
            say(f"{stage}: stopping when the requests in flight have ended; again to stop now")
            asker.stop()

    return stop
