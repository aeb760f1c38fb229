"""The evaluation's judge in a plan: what it is asked and paid at most. It is asked last, and online."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, replace
from math import floor, sqrt

import numpy as np

from pipeline.inference.budget import known_cost_bound
from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.judge.ask import configure_judge
from pipeline.judge.pairwise import question
from pipeline.plan.endpoint import TOKENS_PER_BYTE, Share, share_of
from pipeline.plan.estimate import Interval, Z
from pipeline.plan.lanes import Lane, lanes_of
from pipeline.plan.measured import measure
from pipeline.plan.sample import Owed, Sample, bytes_of
from pipeline.recipe.curate import Calibrate, Format, Pii, Step
from pipeline.recipe.recipe import Recipe
from teachers.base import Request

BYTES_PER_TOKEN = round(1 / TOKENS_PER_BYTE.low)
"""Of an answer's text, at most."""

ORDERS = 2
"""A pair is judged with either answer first."""

UNCAPPED_TOKENS = 4_096
"""What a teacher's reply is taken to have at most where generate.max_tokens does not say it."""


@dataclass(slots=True, frozen=True)
class Judging:
    """The judge's share and its one lane; all its numbers are ends of a range that begins at nothing."""

    share: Share
    lane: Lane


def judging_of(recipe: Recipe, sample: Sample, journal: sqlite3.Connection | None) -> Judging | None:
    """At most what the scorer `judge` takes; None where it does not score.

    Nothing is owed where two answers are the same, or the journal has the verdict.
    """
    judge = recipe.evaluate.scorer.pair_judge
    if judge is None:
        return None
    endpoint = configure_judge(recipe.generate, judge.entry)
    rows, others = heldout_at_most(recipe, sample), compared(recipe)
    calls = ORDERS * others * rows
    owed = _owed(recipe, judge.rubric, endpoint, sample, calls / sample.population)
    share = share_of(endpoint, owed, measure([endpoint], journal)[0], sample, Interval(0, None, calls), waits=True)
    share = replace(share, remarks=(_remark(recipe, endpoint, rows, others),))
    return Judging(share, lanes_of(share, recipe.generate)[0])


def heldout_at_most(recipe: Recipe, sample: Sample) -> int:
    """Prompts that are scored, at most: each group is held out by chance, and chance is given 97.5 %.

    The squared sizes of all groups are estimated from the sample's pairs of prompts in one group.
    """
    share, seen = recipe.curation.split.heldout, len(sample.prompts) / sample.population
    sizes = Counter(prompt.group or prompt.id for prompt in sample.prompts).values()
    squares = sample.population + sum(size * (size - 1) for size in sizes) / seen**2
    most = share * sample.population + Z * sqrt(share * (1 - share) * squares)
    return min(floor(most), sample.population, recipe.evaluate.limit or sample.population)


def compared(recipe: Recipe) -> int:
    """Who is compared with the teacher: base, student, its exports, earlier runs', and the teacher as it was curated
    where a step may rewrite its replies."""
    rewritten = any(map(_rewrites, recipe.curation.steps))
    return 2 + rewritten + len(recipe.exports) + len(recipe.evaluate.against)


def _rewrites(step: Step) -> bool:
    return isinstance(step, Calibrate | Pii) or (isinstance(step, Format) and step.choices is not None)


def _owed(recipe: Recipe, rubric: str, endpoint: ConfiguredTeacher, sample: Sample, calls: float) -> Owed:
    """As if every prompt owed its part of the calls, all with the longest answers."""
    theirs = "x" * (BYTES_PER_TOKEN * (recipe.generate.max_tokens or UNCAPPED_TOKENS))
    ours = "x" * (BYTES_PER_TOKEN * recipe.evaluate.max_tokens)
    asked = [question(prompt, ours, theirs, rubric) for prompt in sample.prompts]
    requests = [Request(endpoint.who.identity, one, endpoint.sampling, endpoint.schema) for one in asked]
    cost_bound, calls_N = known_cost_bound(endpoint), np.full(len(requests), calls)
    worst_usd_N = {} if cost_bound is None else {"online": calls_N * [cost_bound.worst_usd(one) for one in requests]}
    return Owed(calls_N, calls_N * [bytes_of(one) for one in requests], calls_N, worst_usd_N)


def _remark(recipe: Recipe, endpoint: ConfiguredTeacher, rows: int, others: int) -> str:
    cap = recipe.generate.max_tokens
    replies = f"replies of {UNCAPPED_TOKENS:,} tokens, for generate.max_tokens is not set" if cap is None else "answers"
    return (
        f"judge {endpoint.entry.label}: at most; {others} compared with the teacher in both orders on up to {rows:,} "
        f"held-out prompts, with the longest {replies}. Equal answers, and verdicts in the journal, are not asked"
    )
