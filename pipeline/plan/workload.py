"""The workload that a plan is made from: the sample, each teacher's share, and its lanes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.inference.endpoints import ConfiguredTeacher, configure_teachers
from pipeline.journal.journal import SPENT
from pipeline.plan.estimate import Floats, Interval, count_of, exactly
from pipeline.plan.judging import Judging, judging_of
from pipeline.plan.lanes import Lane, lanes_of
from pipeline.plan.past import past_usage
from pipeline.plan.sample import Chains, Sample, owed_chains, owed_to, sample_prompts
from pipeline.plan.share import Asked, Share, calls_of, share_of
from pipeline.recipe.prompt_stream import PromptStream
from pipeline.recipe.recipe import Recipe


@dataclass(slots=True, frozen=True)
class Workload:
    """All that is known of a recipe and its run."""

    recipe: Recipe
    sample: Sample
    endpoints: Sequence[ConfiguredTeacher]
    owed_N: Floats
    """Chains that each sampled prompt still owes."""
    chains_a_prompt: int
    owed: Interval
    """Chains, of all prompts."""
    shares: Sequence[Share]
    lanes: Sequence[Sequence[Lane]]
    """Of each share."""
    judging: Judging | None
    """The evaluation's judge; None where none scores."""
    spent_usd: float


def gather(recipe: Recipe, journal: sqlite3.Connection | None) -> Workload:
    """Reads a sample of the recipe's prompts, and of the replies in its journal, where there is one."""
    endpoints = configure_teachers(recipe, PromptStream(recipe).has_system)
    sample = sample_prompts(recipe, len(endpoints))
    # A journal without replies is one of a run that was stopped at once: it would answer every look-up with nothing.
    untouched = journal is None or journal.execute("SELECT 1 FROM replies LIMIT 1").fetchone() is None
    chains_N = owed_chains(sample, endpoints, recipe, None if untouched else journal)
    owed_N = np.array([_count_owed(chains) for chains in chains_N], dtype=np.float64)
    chains_a_prompt = len(chains_N[0])
    owed = exactly(chains_a_prompt * sample.population)
    if not untouched:
        owed = count_of(owed_N, chains_a_prompt, sample.population)
    shares = []
    for number, (endpoint, past) in enumerate(zip(endpoints, past_usage(endpoints, journal), strict=True)):
        owed_here = owed_to(number, endpoint, chains_N)
        calls = calls_of(owed_here, sample, recipe, untouched=untouched)
        asked = Asked(endpoint, past, calls, waits=_waits(recipe, number))
        shares.append(share_of(asked, owed_here, sample))
    return Workload(
        recipe=recipe,
        sample=sample,
        endpoints=endpoints,
        owed_N=owed_N,
        chains_a_prompt=chains_a_prompt,
        owed=owed,
        shares=shares,
        lanes=[lanes_of(share, recipe.generate) for share in shares],
        judging=judging_of(recipe, sample, journal),
        spent_usd=_spent_usd(journal),
    )


def _waits(recipe: Recipe, number: int) -> bool:
    # A route asks each teacher its own prompts; a fallback's later ones are asked what those before them refuse.
    return recipe.combine.how == "fallback" and number > 0


def _count_owed(chains: Chains) -> int:
    """A settled chain is empty."""
    return sum(map(bool, chains))


def _spent_usd(journal: sqlite3.Connection | None) -> float:
    if journal is None:
        return 0.0
    return float(journal.execute(SPENT).fetchone()[0])
