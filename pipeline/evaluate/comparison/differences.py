"""How the student stands to the others, on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.evaluate.answers.contestants import Contestant
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.recipe.scorer import Scorer
from pipeline.run.evaluation import BASE, STUDENT
from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import gap_recovered, retention
from pipeline.statistics.intervals import Interval, of_gap, of_ratio, of_share

Estimates = Mapping[str, Floats]
"""Name -> [1 + R]: the score on the rows themselves, then on every resample of them."""


def against(resampling: Resampling, scores: Estimates, teacher: str) -> dict[str, Any]:
    """The student measured against one reading of its teacher."""
    return {
        "student_minus_teacher": difference(resampling, scores, STUDENT, teacher),
        **_retention(resampling, scores, teacher),
        **_gap_recovered(resampling, scores, teacher),
    }


def difference(resampling: Resampling, scores: Estimates, one: str, other: str) -> dict[str, Any] | None:
    """A paired difference; null where one of them is absent."""
    return resampling.difference(scores[one], scores[other]) if one in scores and other in scores else None


def agreement(resampling: Resampling, student: Contestant | None, scorer: Scorer) -> dict[str, Any] | None:
    """How often the student says what it was trained towards; an empty answer agrees with nothing."""
    if student is None:
        return None
    pairs = [
        (scorer.normal(answer.text), scorer.normal(row.completion))
        for row, answer in zip(resampling.rows, student.answers, strict=True)
    ]
    estimate = resampling.mean([float(bool(mine) and mine == theirs) for mine, theirs in pairs])
    return {"value": float(estimate[0]), "ci95": of_share(estimate, resampling.size)}


def _retention(resampling: Resampling, scores: Estimates, teacher: str) -> dict[str, Any]:
    if STUDENT not in scores or teacher not in scores:
        return _named("retention", None, None)
    value = float(retention(scores[STUDENT][:1], scores[teacher][:1])[0])
    return _named("retention", value, of_ratio(scores[STUDENT], scores[teacher], resampling.size))


def _gap_recovered(resampling: Resampling, scores: Estimates, teacher: str) -> dict[str, Any]:
    """Null too where the teacher's lead over the base is not clearly positive (its interval reaches 0).

    The ratio would then divide by noise: a lead of one row makes any student recover "1200 %" of it.
    """
    lead = difference(resampling, scores, teacher, BASE)
    if STUDENT not in scores or lead is None or lead["ci95"] is None or lead["ci95"][0] <= 0:
        return _named("gap_recovered", None, None)
    three = scores[STUDENT], scores[BASE], scores[teacher]
    value = float(gap_recovered(*(one[:1] for one in three))[0])
    return _named("gap_recovered", value, of_gap(*three, resampling.size))


def _named(name: str, value: float | None, interval: Interval | None) -> dict[str, Any]:
    """A ratio as a plain number or null, its interval beside it."""
    if value is None or not np.isfinite(value):
        return {name: None, f"{name}_ci95": None}
    return {name: value, f"{name}_ci95": interval}
