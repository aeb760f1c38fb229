"""One sitting with the teachers: opens those that are needed, asks, closes, and heeds Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager

from pipeline.asker import Asker, Tally
from pipeline.chains import Chain
from pipeline.context import Context
from pipeline.journal import Journal
from pipeline.journaled import open_journaled
from pipeline.seats import Seat
from teachers.base import ANSWERS


async def ask(
    context: Context, journal: Journal, stage: str, seats: Mapping[int, Seat], chains: Sequence[Chain]
) -> Tally:
    """Asks the chains, each at its samples' seats, and journals every attempt.

    Raises KeyboardInterrupt when the user stopped it with requests unsent, and what makes going on
    pointless: AuthError, the journal's RunError, InvalidRequest where all are refused.
    """
    tally = Tally(len(chains))
    if not chains:
        return tally
    generate, progress = context.recipe.generate, context.progress
    lanes: dict[int, list[Chain]] = {}
    for chain in chains:
        lanes.setdefault(chain[0].seat, []).append(chain)
    async with AsyncExitStack() as stack:
        teachers = {}
        for number in sorted({item.seat for chain in chains for item in chain}):
            teachers[number] = open_journaled(seats[number], journal, generate)
            stack.push_async_callback(teachers[number].close)
        progress.start(stage, len(chains))
        asker = Asker(teachers, tally, lambda now: progress.update(now.done, describe_tally(now)))
        with _stop_on_signal(asker, stage, progress.say):
            for number in lanes:
                if seats[number].warms_cache:
                    await asker.ask([[lanes[number].pop(0)]], 1)
            await asker.ask(lanes.values(), generate.concurrency)
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
