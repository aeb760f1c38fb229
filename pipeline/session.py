"""One sitting with the teachers: opens those that are needed, asks, closes, and heeds Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from itertools import islice

from pipeline.asker import Asker, Tally
from pipeline.chains import Chain
from pipeline.context import Context
from pipeline.journal import Journal
from pipeline.journaled import open_journaled
from pipeline.seats import Seat
from teachers.base import ANSWERS


async def ask(
    context: Context,
    journal: Journal,
    stage: str,
    seats: Mapping[int, Seat],
    lanes: Mapping[int, Iterable[Chain]],
    total: int,
) -> Tally:
    """Asks each lane's chains, `total` in all, and journals every attempt.

    A lane is the chains that one seat is asked first; it is read as it is asked and never held whole. `seats` are
    those that may be asked. Raises KeyboardInterrupt when the user stopped it with requests unsent, and what makes
    going on pointless: AuthError, the journal's RunError, InvalidRequest where all are refused.
    """
    tally = Tally(total)
    if not total:
        return tally
    generate, progress = context.recipe.generate, context.progress
    feeds = {number: iter(chains) for number, chains in lanes.items()}
    async with AsyncExitStack() as stack:
        teachers = {}
        for number in sorted(seats):
            teachers[number] = open_journaled(seats[number], journal, generate)
            stack.push_async_callback(teachers[number].close)
        progress.start(stage, total)
        asker = Asker(teachers, tally, lambda now: progress.update(now.done, describe_tally(now)))
        with _stop_on_signal(asker, stage, progress.say):
            for number, feed in feeds.items():
                if seats[number].warms_cache:
                    await asker.ask([islice(feed, 1)], 1)
            await asker.ask(feeds.values(), generate.concurrency)
    if tally.last_error:
        failed = sum(count for outcome, count in tally.outcomes.items() if outcome not in ANSWERS)
        progress.say(f"{stage}: {failed} requests got no answer; the last: {tally.last_error}")
    if asker.stopped and asker.unsent:
        raise KeyboardInterrupt
    return tally


def describe_tally(tally: Tally) -> str:
    """Tokens, dollars and failures so far, for a progress line."""
    parts = [f"{tally.input_tokens} tokens in, {tally.output_tokens} out"]
    if tally.cost_usd:
        parts.append(f"${tally.cost_usd:.4f}")
    parts += [f"{count} {outcome}" for outcome, count in sorted(tally.outcomes.items()) if outcome != "ok"]
    return ", ".join(parts)


@contextmanager
def _stop_on_signal(asker: Asker, stage: str, say: Callable[[str], None]) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM lets what is in flight end and be journaled; the second stops at once."""
    loop, main = asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        if asker.stopped and main is not None:
            main.cancel()
        else:
            say(f"{stage}: stopping when the requests in flight have ended; again to stop now")
            asker.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
