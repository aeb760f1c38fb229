"""The generate stage: every wanted sample that has no reply is asked; replies.parquet is written from the journal."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.chains import Chain, chains_of, owed_of, worth_asking_again
from pipeline.context import Context
from pipeline.errors import RunError
from pipeline.journal import Journal, rows
from pipeline.records import REPLIES, write_parquet
from pipeline.rescore import rescore
from pipeline.seats import Seat, has_system, remarks_of, seats_of
from pipeline.session import ask
from pipeline.wanted import Wanted, recipe_prompts
from teachers.base import ANSWERS


def work(context: Context) -> dict[str, Any]:
    """Asks what is owed and writes replies.parquet; returns the counts for the manifest.

    Raises KeyboardInterrupt when the user stopped it: the same command goes on from there.
    """
    loaded = recipe_prompts(context.recipe)
    seats = seats_of(context.recipe, has_system(loaded.prompts))
    for seat in seats:
        for remark in remarks_of(seat):
            context.progress.say(f"generate: {remark}")
    chains = list(chains_of(loaded.prompts, seats, context.recipe))
    if loaded.skipped:
        context.progress.say(f"generate: {loaded.skipped}")
    if loaded.merged:
        context.progress.say(f"generate: {loaded.merged} rows repeat an earlier row's prompt; asked once")
    with Journal(context.run.journal) as journal:
        asyncio.run(_ask_owed(context, journal, seats, chains))
    counts = _write_replies(context, chains)
    if not any(counts["outcomes"].get(outcome) for outcome in ANSWERS):
        raise RunError("the teacher answered nothing; `stillhouse why RUN SAMPLE` shows a sample's attempts")
    return {"rows": loaded.rows, "prompts": len(loaded.prompts), "merged": loaded.merged, **counts}


async def _ask_owed(context: Context, journal: Journal, seats: Sequence[Seat], chains: Sequence[Chain]) -> None:
    outcomes = journal.outcomes()
    await journal.want(_samples(chains, journal.attempted()))
    # Two prompts can share a request (their text is the same, their template is not): it is sent once.
    owed = {owing[0].request.key: owing for chain in chains if (owing := owed_of(chain, outcomes))}
    if journal.left_in_flight:
        context.progress.say(
            f"generate: {journal.left_in_flight} requests were in flight when the last process ended; "
            "they may have been paid, and those without a reply are asked again"
        )
    if len(owed) < len(chains) and outcomes:
        context.progress.say(f"generate: {len(chains) - len(owed)} of {len(chains)} replies are in the journal already")
    try:
        await ask(context, journal, "generate", dict(enumerate(seats)), list(owed.values()))
    finally:
        # A chain's later teachers became samples when they were asked.
        await journal.want(_samples(chains, journal.attempted()))
    await rescore(context, journal, [item for chain in chains for item in chain])


def _samples(chains: Sequence[Chain], attempted: set[str]) -> Iterator[Wanted]:
    """Every chain's first sample, and the later ones that were ever asked."""
    for chain in chains:
        yield chain[0]
        yield from (item for item in chain[1:] if item.request.key in attempted)


def _write_replies(context: Context, chains: Sequence[Chain]) -> dict[str, Any]:
    ended: dict[str, str] = {}
    used: Counter[str] = Counter()
    costs: list[float] = []

    def counted() -> Iterator[dict[str, Any]]:
        for row in rows(context.run.journal):
            ended[row["sample_id"]] = row["outcome"]
            usage = row["usage"] or {}
            used.update({name: usage.get(name) or 0 for name in ("input_tokens", "output_tokens")})
            if row["cost_usd"] is not None:
                costs.append(row["cost_usd"])
            yield row

    samples = write_parquet(context.run.replies, REPLIES, counted())
    return {
        "samples": samples,
        "outcomes": dict(Counter(ended.values())),
        "to_ask_again": sum(worth_asking_again(chain, ended) for chain in chains),
        "input_tokens": used["input_tokens"],
        "output_tokens": used["output_tokens"],
        "cost_usd": sum(costs) if costs else None,
    }
