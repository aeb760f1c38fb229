"""The generate stage: every wanted sample that has no reply is asked; replies.parquet is written from the journal."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.curate.so_far import KeptSoFar
from pipeline.generate.rescore import rescore
from pipeline.inference.batch.lane import ask_batches, check_lanes, reclaim
from pipeline.inference.budget import check_budget
from pipeline.inference.endpoints import ConfiguredTeacher, configure_teachers, remarks_of
from pipeline.inference.routes import chains_of
from pipeline.inference.session import ask
from pipeline.journal.columns import REPLIES
from pipeline.journal.export import tables
from pipeline.journal.journal import Journal
from pipeline.recipe.prompt_stream import PromptStream
from pipeline.run.context import Context
from pipeline.run.counts import GenerateCounts
from pipeline.run.errors import RunError
from pipeline.run.records import write_tables
from prompts.digest import digest
from teachers.base import ANSWERS


def work(context: Context) -> GenerateCounts:
    """Asks what is owed and writes replies.parquet; returns the counts for the manifest.

    Raises KeyboardInterrupt when the user stopped it: the same command goes on from there.
    """
    recipe = context.recipe
    prompts = PromptStream(recipe)
    endpoints = configure_teachers(recipe, prompts.has_system)
    for endpoint in endpoints:
        for remark in remarks_of(endpoint):
            context.progress.say(f"generate: {remark}")
    if recipe.generate.lane == "batch":
        check_lanes(endpoints)
    check_budget(recipe, endpoints)
    sit = partial(_sit, context, endpoints, prompts)
    if recipe.generate.accept is None:
        return sit(None)
    from pipeline.generate.target import generate_until  # late: it loads all of curation, for the recipes with a goal

    total = sum(1 for _ in prompts)  # a bad row is an error now, not when a wave comes to it
    return generate_until(context, recipe.generate.accept, sit, begun=_begun(context, endpoints, prompts), total=total)


def _sit(
    context: Context,
    endpoints: Sequence[ConfiguredTeacher],
    prompts: PromptStream,
    rows: int | None,
    *,
    ask: bool = True,
    kept: int = 0,
) -> GenerateCounts:
    """Declares the source, or its first `rows`; asks what is owed, unless told not to; writes replies.parquet."""
    with Journal(context.run.journal) as journal:
        asyncio.run(_generate(context, journal, endpoints, prompts, rows, ask=ask, kept=kept))
        counts = _write_replies(context, journal)
    if ask and not any(counts.outcomes.get(outcome) for outcome in ANSWERS):
        raise RunError("the teacher answered nothing; `stillhouse why RUN SAMPLE` shows a sample's attempts")
    return counts


def _begun(context: Context, endpoints: Sequence[ConfiguredTeacher], prompts: PromptStream) -> int:
    """How many of the source's rows this recipe's teachers were asked already, up to the last of them."""
    with Journal(context.run.journal) as journal:
        earlier = journal.count_begun()
        if not earlier:
            return 0
        asyncio.run(_declare(context, journal, endpoints, prompts, earlier))
        return journal.count_begun()


async def _generate(
    context: Context,
    journal: Journal,
    endpoints: Sequence[ConfiguredTeacher],
    prompts: PromptStream,
    rows: int | None,
    *,
    ask: bool,
    kept: int,
) -> None:
    await _declare(context, journal, endpoints, prompts, rows)
    if not ask:
        return
    so_far = KeptSoFar(context.recipe.curation, kept)
    if context.recipe.generate.lane == "batch":
        await ask_batches(context, journal, "generate", dict(enumerate(endpoints)), kept=so_far)
    else:
        await reclaim(context, journal, "generate", dict(enumerate(endpoints)))
        await _ask_online(context, journal, endpoints, so_far)
    await rescore(context, journal)


async def _ask_online(
    context: Context, journal: Journal, endpoints: Sequence[ConfiguredTeacher], kept: KeptSoFar
) -> None:
    owed = journal.count_owed()
    if not kept.count:  # a later wave's user has read it
        _say_what_is_there(context, journal, sum(owed.values()))
    may_be_asked = range(len(endpoints)) if context.recipe.combine.how == "fallback" and owed else owed
    lanes = {number: journal.owed(number) for number in owed}
    needed = {number: endpoints[number] for number in may_be_asked}
    await ask(context, journal, "generate", needed, lanes, sum(owed.values()), kept=kept)


async def _declare(
    context: Context, journal: Journal, endpoints: Sequence[ConfiguredTeacher], prompts: PromptStream, rows: int | None
) -> None:
    """Declares the recipe's samples, or those of its first `rows`, unless the journal holds this very declaration."""
    fingerprint = digest(
        [
            context.manifest.stages["generate"].fingerprint,
            [asdict(endpoint.who.identity) for endpoint in endpoints],
            rows,
        ]
    )
    if journal.has_declared(fingerprint):
        return
    chains = chains_of(islice(prompts, rows), endpoints, context.recipe)
    await journal.want(chains, fingerprint, rows=lambda: prompts.rows)
    if prompts.skipped:
        context.progress.say(f"generate: {prompts.skipped}")
    counts = journal.counts()
    if merged := counts["rows"] - counts["prompts"]:
        context.progress.say(f"generate: {merged} rows repeat an earlier row's prompt; asked once")


def _say_what_is_there(context: Context, journal: Journal, owed: int) -> None:
    if journal.left_in_flight:
        context.progress.say(
            f"generate: {journal.left_in_flight} requests were in flight when the last process ended; "
            "they may have been paid, and those without a reply are asked again"
        )
    counts = journal.counts()
    if owed < counts["chains"] and counts["answered"]:
        there = f"{counts['chains'] - owed} of {counts['chains']}"
        context.progress.say(f"generate: {there} replies are in the journal already")


def _write_replies(context: Context, journal: Journal) -> GenerateCounts:
    outcomes: Counter[str] = Counter()
    used: Counter[str] = Counter()
    costs: list[float] = []

    def counted() -> Iterator[pa.Table]:
        for table in tables(context.run.journal):
            outcomes.update(table["outcome"].to_pylist())
            usage = table["usage"].combine_chunks()
            used.update({name: pc.sum(usage.field(name)).as_py() or 0 for name in ("input_tokens", "output_tokens")})
            costs.extend(filter(None, [pc.sum(table["cost_usd"]).as_py()]))
            yield table

    samples = write_tables(context.run.replies, REPLIES, counted())
    declared = journal.counts()
    return GenerateCounts(
        rows=declared["rows"],
        prompts=declared["prompts"],
        merged=declared["rows"] - declared["prompts"],
        samples=samples,
        outcomes=dict(outcomes),
        input_tokens=used["input_tokens"],
        output_tokens=used["output_tokens"],
        cost_usd=sum(costs) if costs else None,
        to_ask_again=journal.count_to_ask_again(),
    )
