"""The generate stage: every wanted sample that has no reply is asked; replies.parquet is written from the journal."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any

from pipeline.asker import Asker, Journaled, Tally
from pipeline.context import Context
from pipeline.errors import RunError
from pipeline.journal import Journal, rows
from pipeline.records import REPLIES, write_parquet
from pipeline.wanted import Wanted, recipe_prompts, wanted_samples
from teachers.arrival import check_supported
from teachers.base import ANSWERS, Request, Teacher
from teachers.catalog import describe, open_teacher
from teachers.meter import Metered
from teachers.retry import Retrying


def work(context: Context) -> dict[str, Any]:
    """Asks what is owed and writes replies.parquet; returns the counts for the manifest.

    Raises KeyboardInterrupt when the user stopped it: the same command goes on from there.
    """
    loaded = recipe_prompts(context.recipe)
    wanted = list(wanted_samples(loaded.prompts, describe(context.recipe.specs[0]).identity, context.recipe.generate))
    if loaded.merged:
        context.progress.say(f"generate: {loaded.merged} rows repeat an earlier row's prompt; asked once")
    with Journal(context.run.journal) as journal:
        asyncio.run(_ask_owed(context, journal, wanted))
    counts = _write_replies(context)
    if not any(counts["outcomes"].get(outcome) for outcome in ANSWERS):
        raise RunError("the teacher answered nothing; `stillhouse why RUN SAMPLE` shows a sample's attempts")
    return {"rows": loaded.rows, "prompts": len(loaded.prompts), "merged": loaded.merged, **counts}


async def _ask_owed(context: Context, journal: Journal, wanted: Sequence[Wanted]) -> None:
    await journal.want(wanted)
    owed = journal.owed()
    # Two prompts can share a request (their text is the same, their template is not): it is sent once.
    requests = {item.request.key: item.request for item in wanted if item.sample_id in owed}
    if journal.left_in_flight:
        context.progress.say(
            f"generate: {journal.left_in_flight} requests were in flight when the last process ended; "
            "they may have been paid, and those without a reply are asked again"
        )
    if len(owed) < len(wanted):
        context.progress.say(f"generate: {len(wanted) - len(owed)} of {len(wanted)} replies are in the journal already")
    if requests:
        await _ask(context, journal, list(requests.values()))


async def _ask(context: Context, journal: Journal, requests: list[Request]) -> None:
    generate = context.recipe.generate
    bare = open_teacher(context.recipe.specs[0], concurrency=generate.concurrency, timeout_s=generate.timeout_s)
    teacher = Retrying(Journaled(Metered(bare), journal), attempts=generate.attempts)
    async with aclosing(_Closing(teacher)):
        check_supported(teacher, requests[0])
        tally = Tally(len(requests))
        context.progress.start("generate", len(requests))
        asker = Asker(teacher, tally, lambda done: context.progress.update(done.done, describe_tally(done)))
        with _stop_on_signal(asker, context.progress.say):
            await asker.ask(requests, generate.concurrency)
    if tally.last_error:
        failed = sum(count for outcome, count in tally.outcomes.items() if outcome not in ANSWERS)
        context.progress.say(f"generate: {failed} requests got no answer; the last: {tally.last_error}")
    if asker.stopped and tally.done < len(requests):
        raise KeyboardInterrupt


def describe_tally(tally: Tally) -> str:
    """Tokens, dollars and failures so far, for a progress line."""
    parts = [f"{tally.input_tokens} tokens in, {tally.output_tokens} out"]
    if tally.cost_usd:
        parts.append(f"${tally.cost_usd:.4f}")
    parts += [f"{count} {outcome}" for outcome, count in sorted(tally.outcomes.items()) if outcome != "ok"]
    return ", ".join(parts)


class _Closing:
    """Gives a teacher's `close` the name that `aclosing` calls."""

    def __init__(self, teacher: Teacher) -> None:
        self._teacher = teacher

    async def aclose(self) -> None:
        await self._teacher.close()


@contextmanager
def _stop_on_signal(asker: Asker, say: Callable[[str], None]) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM lets what is in flight end and be journaled; the second stops at once."""
    loop, main = asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        if asker.stopped and main is not None:
            main.cancel()
        else:
            say("generate: stopping when the requests in flight have ended; again to stop now")
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


def _write_replies(context: Context) -> dict[str, Any]:
    outcomes: Counter[str] = Counter()
    used: Counter[str] = Counter()
    costs: list[float] = []

    def counted() -> Iterator[dict[str, Any]]:
        for row in rows(context.run.journal):
            outcomes[row["outcome"]] += 1
            usage = row["usage"] or {}
            used.update({name: usage.get(name) or 0 for name in ("input_tokens", "output_tokens")})
            if row["cost_usd"] is not None:
                costs.append(row["cost_usd"])
            yield row

    samples = write_parquet(context.run.replies, REPLIES, counted())
    answered = sum(outcomes[outcome] for outcome in ANSWERS)
    return {
        "samples": samples,
        "outcomes": dict(outcomes),
        "to_ask_again": samples - answered - outcomes["invalid"],
        "input_tokens": used["input_tokens"],
        "output_tokens": used["output_tokens"],
        "cost_usd": sum(costs) if costs else None,
    }
