"""A goal: prompts are asked in waves until so many samples pass curation.

    the first n rows declared ──▶ asked ──▶ curated, in memory ──▶ enough kept? ──▶ done
              ▲                                                        │ no
              └──────────── a larger n, by the share that was kept ────┘

What is declared is what the run is about: rows beyond the last wave are not asked, nor are they among the samples.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from pipeline.curate.stage import curate_replies, funnel
from pipeline.generate.generation import Generation
from pipeline.run.context import Context
from pipeline.run.counts import GenerateCounts
from pipeline.run.errors import BudgetReached, RunError

PILOT = 100
"""Rows of the first wave at most: enough to tell a tenth from a half, and little to lose where the recipe is wrong."""

SPARE = 1.02
"""A wave aims a little beyond the goal: another wave costs more time than a few rows cost money."""

STRIDE = 8
"""A wave asks at most so many times what was asked before: the share kept of few rows is a guess."""

LEAST_IN_BATCH = 100
"""Rows that a wave of batches adds at least: Bedrock takes no smaller one."""

HOPELESS = 1000
"""So many rows asked and no sample kept, and the fault is the recipe's."""


def generate_until(generation: Generation, goal: int) -> GenerateCounts:
    """Asks until `goal` samples pass curation or all of the source's rows are asked; returns the counts.

    Where what an earlier process asked is enough, nothing is asked. Raises BudgetReached with what was accepted,
    RunError where nothing passes, KeyboardInterrupt when the user stopped it.
    """
    context = generation.context
    least = LEAST_IN_BATCH if context.recipe.generate.lane == "batch" else 1
    total, rows = generation.count_rows(), generation.count_begun()
    counts, kept = None, 0
    if rows:
        counts, kept = generation.limit(rows), _count_kept(context)
    while kept < goal:
        rows = min(total, max(rows + least, next_rows(rows, kept, goal)))
        context.progress.say(f"generate: {kept:,} of {goal:,} samples accepted; asking the first {rows:,} rows")
        counts = _ask_wave(generation, rows, kept, goal)
        curated = curate_replies(context)
        kept = len(curated.kept)
        # A recipe that drops everything would ask the whole source, and pay for all of it.
        if not kept and rows >= min(HOPELESS, total):
            raise RunError(f"curation keeps none of the first {rows:,} rows:\n{funnel(curated)}")
        if rows == total:
            break
    assert counts is not None  # a goal is at least 1
    if kept >= goal:
        context.progress.say(f"generate: {kept:,} samples accepted, the goal was {goal:,}; {rows:,} rows were asked")
        return replace(counts, to_ask_again=0, accepted=kept)  # what failed is not needed any more
    context.progress.say(f"generate: {kept:,} samples accepted of {goal:,}: all {total:,} rows were asked")
    return replace(counts, accepted=kept)


def _ask_wave(generation: Generation, rows: int, kept: int, goal: int) -> GenerateCounts:
    try:
        return generation.ask(rows, kept=kept)
    except BudgetReached as error:
        # What was paid before the cap is written, so that the message can say how far it goes.
        generation.limit(rows)
        raise error.with_goal(_count_kept(generation.context), goal) from error


def _count_kept(context: Context) -> int:
    return len(curate_replies(context).kept)


def next_rows(rows: int, kept: int, goal: int) -> int:
    """Returns how many rows the next wave reaches, where `kept` samples of the first `rows` passed, and not `goal`."""
    if not rows:
        return min(PILOT, goal)
    if not kept:
        return rows * 2  # nothing tells the share that is kept, except that it is low
    return min(ceil(goal * SPARE * rows / kept), rows * STRIDE)
