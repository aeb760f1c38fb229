"""What a plan is made from: the sample, each teacher's share, and its lanes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.inference.endpoints import ConfiguredTeacher, configure_teachers
from pipeline.journal.journal import SPENT
from pipeline.plan.endpoint import Share, calls_of, share_of
from pipeline.plan.estimate import Floats, Interval, count_of, exactly
from pipeline.plan.judging import Judging, judging_of
from pipeline.plan.lanes import Lane, lanes_of
from pipeline.plan.measured import measure
from pipeline.plan.sample import Sample, owed_chains, owed_to, sample_prompts
from pipeline.recipe.prompt_stream import PromptStream
from pipeline.recipe.recipe import Recipe


@dataclass(slots=True, frozen=True)
class Whole:
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


def gather(recipe: Recipe, journal: sqlite3.Connection | None) -> Whole:
    """From a sample of the recipe's prompts and of the replies in its journal, where there is one."""
    endpoints = configure_teachers(recipe, PromptStream(recipe).has_system)
    sample = sample_prompts(recipe, len(endpoints))
    untouched = journal is None or journal.execute("SELECT 1 FROM replies LIMIT 1").fetchone() is None
    owed = owed_chains(sample, endpoints, recipe, None if untouched else journal)
    falls_back = recipe.combine.how == "fallback"
    shares = []
    for number, (endpoint, measured) in enumerate(zip(endpoints, measure(endpoints, journal), strict=True)):
        theirs = owed_to(number, endpoint, owed)
        calls = calls_of(theirs, sample, recipe, untouched=untouched)
        shares.append(share_of(endpoint, theirs, measured, sample, calls, waits=falls_back and number > 0))
    owed_N = np.array([sum(map(bool, chains)) for chains in owed], dtype=np.float64)
    each = len(owed[0])
    return Whole(
        recipe=recipe,
        sample=sample,
        endpoints=endpoints,
        owed_N=owed_N,
        chains_a_prompt=each,
        owed=exactly(each * sample.population) if untouched else count_of(owed_N, each, sample.population),
        shares=shares,
        lanes=[lanes_of(share, recipe.generate) for share in shares],
        judging=judging_of(recipe, sample, journal),
        spent_usd=0.0 if journal is None else float(journal.execute(SPENT).fetchone()[0]),
    )
