"""The student's standing to the others, on the same rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.evaluate.answers.contestants import Contestant
from pipeline.evaluate.comparison.resampling import Resampling, as_pair
from pipeline.recipe.scorer import Scorer
from pipeline.run.evaluation import BASE, STUDENT
from pipeline.run.evaluation.contestants import Standing
from pipeline.run.evaluation.estimate import Estimate
from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import gap_recovered, retention
from pipeline.statistics.intervals import Interval, of_gap, of_ratio

Means = Mapping[str, Floats]
"""Name -> [1 + R]: the mean score on the rows themselves, then on every resample of them."""


def standing(resampling: Resampling, means: Means, teacher: str) -> Standing:
    """Measures the student against one reading of its teacher."""
    return Standing(
        student_minus_teacher=difference(resampling, means, STUDENT, teacher),
        retention=_retention(resampling, means, teacher),
        gap_recovered=_gap_recovered(resampling, means, teacher),
    )


def difference(resampling: Resampling, means: Means, name: str, other: str) -> Estimate | None:
    """Estimates a paired difference; None where one of them is absent."""
    if name not in means or other not in means:
        return None
    return resampling.difference(means[name], means[other])


def agreement(resampling: Resampling, student: Contestant | None, scorer: Scorer) -> Estimate | None:
    """Estimates how often the student says what it was trained towards; an empty answer agrees with nothing."""
    if student is None:
        return None
    agrees = []
    for row, answer in zip(resampling.rows, student.answers, strict=True):
        mine = scorer.normal(answer.text)
        # Two answers that are none in the scorer's terms have both an empty form.
        agrees.append(float(bool(mine) and mine == scorer.normal(row.completion)))
    return resampling.share(resampling.mean(agrees))


def _retention(resampling: Resampling, means: Means, teacher: str) -> Estimate | None:
    if STUDENT not in means or teacher not in means:
        return None
    value = float(retention(means[STUDENT][:1], means[teacher][:1])[0])
    return _ratio(value, of_ratio(means[STUDENT], means[teacher], resampling.size), resampling)


def _gap_recovered(resampling: Resampling, means: Means, teacher: str) -> Estimate | None:
    """Estimates the gap; None too where the teacher's lead over the base is not clearly positive.

    The ratio would then divide by noise: a lead of one row makes any student recover "1200 %" of it.
    """
    lead = difference(resampling, means, teacher, BASE)
    if STUDENT not in means or lead is None:
        return None
    if lead.interval is None or lead.interval[0] <= 0:
        return None
    student, base, theirs = means[STUDENT], means[BASE], means[teacher]
    value = float(gap_recovered(student[:1], base[:1], theirs[:1])[0])
    return _ratio(value, of_gap(student, base, theirs, resampling.size), resampling)


def _ratio(value: float, interval: Interval | None, resampling: Resampling) -> Estimate | None:
    if not np.isfinite(value):
        return None
    return Estimate(value, as_pair(interval), resampling.size.rows)
