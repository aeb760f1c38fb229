"""The evaluation's judge in a plan: what it is asked and paid at most. It is asked last, and online."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, replace
from math import floor, sqrt

import numpy as np

from pipeline.inference.budget import known_cost_bound
from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.judge.configure import configure_judge
from pipeline.judge.pairwise import question
from pipeline.plan.estimate import Interval
from pipeline.plan.lanes import Lane, lanes_of
from pipeline.plan.past import past_usage
from pipeline.plan.sample import Owed, Sample, bytes_of
from pipeline.plan.share import TOKENS_PER_BYTE, Asked, Share, share_of
from pipeline.recipe.recipe import Recipe
from pipeline.statistics.intervals import Z
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
    """Returns at most what the scorer `judge` takes; None where it does not score.

    Nothing is owed where two answers are the same, or the journal has the verdict.
    """
    judge = recipe.evaluate.scorer.pair_judge
    if judge is None:
        return None
    endpoint = configure_judge(recipe.generate, judge.entry)
    rows, others = heldout_at_most(recipe, sample), compared(recipe)
    calls = ORDERS * others * rows
    owed = _owed(recipe, judge.rubric, endpoint, sample, calls / sample.population)
    # From nothing: curation may drop every reply, and equal answers are not asked.
    [past] = past_usage([endpoint], journal)
    share = share_of(Asked(endpoint, past, Interval(0, None, calls), waits=True), owed, sample)
    share = replace(share, remarks=(_remark(recipe, endpoint, rows, others),))
    return Judging(share, lanes_of(share, recipe.generate)[0])


def heldout_at_most(recipe: Recipe, sample: Sample) -> int:
    """Returns how many prompts are scored, at most: each group is held out by chance, and chance is given 97.5 %."""
    share, seen = recipe.curation.split.heldout, len(sample.prompts) / sample.population
    sizes = Counter(prompt.group or prompt.id for prompt in sample.prompts).values()
    # The squared sizes of all groups, by the sample's pairs of prompts in one group: a pair is in it by chance squared.
    squares = sample.population + sum(size * (size - 1) for size in sizes) / seen**2
    most = share * sample.population + Z * sqrt(share * (1 - share) * squares)
    return min(floor(most), sample.population, recipe.evaluate.limit or sample.population)


def compared(recipe: Recipe) -> int:
    """Returns how many are compared with the teacher: base, student, its exports and earlier runs'.

    The teacher as it was curated is one more, where a step may rewrite its replies.
    """
    rewritten = any(step.rewrites for step in recipe.curation.steps)
    return 2 + rewritten + len(recipe.exports) + len(recipe.evaluate.against)


def _owed(recipe: Recipe, rubric: str, endpoint: ConfiguredTeacher, sample: Sample, calls: float) -> Owed:
    """As if every prompt owed its part of the calls, all with the longest answers."""
    # An answer's text by its cap, in one-byte characters: questions are counted in bytes.
    theirs = "x" * (BYTES_PER_TOKEN * (recipe.generate.max_tokens or UNCAPPED_TOKENS))
    ours = "x" * (BYTES_PER_TOKEN * recipe.evaluate.max_tokens)
    requests = []
    for prompt in sample.prompts:
        asked = question(prompt, ours, theirs, rubric)
        requests.append(Request(endpoint.description.identity, asked, endpoint.sampling, endpoint.schema))
    calls_N = np.full(len(requests), calls)
    bound = known_cost_bound(endpoint)
    worst_usd_N = {}
    if bound is not None:
        worst_usd_N["online"] = calls_N * [bound.worst_usd(request) for request in requests]
    # A question is one turn.
    return Owed(calls_N, calls_N * [bytes_of(request) for request in requests], calls_N, worst_usd_N)


def _remark(recipe: Recipe, endpoint: ConfiguredTeacher, rows: int, others: int) -> str:
    replies = "answers"
    if recipe.generate.max_tokens is None:
        replies = f"replies of {UNCAPPED_TOKENS:,} tokens, for generate.max_tokens is not set"
    return (
        f"judge {endpoint.entry.label}: at most; {others} compared with the teacher in both orders on up to {rows:,} "
        f"held-out prompts, with the longest {replies}. Equal answers, and verdicts in the journal, are not asked"
    )
