"""Quality against cost: the cascade at every threshold, on rows that student and teacher both answered.

Axes: N rows, K thresholds, R resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.run.evaluation.costs import CascadePoint
from pipeline.run.evaluation.estimate import Estimate
from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import Bootstrap
from pipeline.statistics.intervals import Interval, Size, of_mean, of_share

Bools = npt.NDArray[np.bool_]

ALWAYS = 1.01
"""The threshold that no confidence reaches: the teacher answers everything."""

MOST_POINTS = 100
"""A chart shows no more."""


@dataclass(slots=True, frozen=True)
class Rows:
    """The rows that both answered, as far as the cascade needs them."""

    confidence_N: Floats
    """The student's, 0 to 1; NaN where it has none."""
    student_N: Floats
    """Scores, 0 to 1."""
    teacher_N: Floats
    teacher_usd_N: Floats | None
    """Dollars of the teacher's call; None where its price is unknown."""
    student_usd: float | None
    """Dollars of a call of the student; None where unknown."""
    groups_N: Sequence[str]
    """Rows of one group are no independent evidence."""

    def __len__(self) -> int:
        return len(self.student_N)

    @property
    def size(self) -> Size:
        """For the intervals."""
        return Size(len(self), len(set(self.groups_N)))


def handed_over(confidence_N: Floats, threshold: float | Floats) -> Bools:
    """Returns [N], or [K, N] of thresholds [K, 1]: whom the teacher answers, by the rule of pipeline/serve/cascade.py.

    No confidence is never enough.
    """
    # Not `confidence < threshold`: NaN is neither, and must be handed over.
    handed: Bools = ~(confidence_N >= threshold)
    return handed


def thresholds(confidence_N: Floats) -> Floats:
    """Returns [K], ascending: 0, one between each two neighbouring confidences, ALWAYS. They tell all cascades apart.

    Between and not at: another server's arithmetic gives the same answer a confidence that differs a little.
    """
    known = np.unique(confidence_N[~np.isnan(confidence_N)])
    middles = (known[:-1] + known[1:]) / 2
    # Two floats may be so near that their middle is the lower one.
    between = np.where(middles > known[:-1], middles, known[1:])
    candidates_K: Floats = np.concatenate([[0.0], between[between > 0], [ALWAYS]])
    return candidates_K


def curve(rows: Rows, bootstrap: Bootstrap) -> tuple[CascadePoint, ...]:
    """Measures at most MOST_POINTS thresholds, spread evenly over the share that is handed over."""
    chosen = _spread(thresholds(rows.confidence_N))
    handed_NK = np.stack([handed_over(rows.confidence_N, threshold) for threshold in chosen], axis=1)
    outcomes = measure_outcomes(rows, handed_NK, bootstrap)
    points = []
    for threshold, outcome in zip(chosen.tolist(), outcomes, strict=True):
        points.append(CascadePoint(threshold, outcome.handed_over, outcome.score, outcome.cost_per_1000_usd))
    return tuple(points)


@dataclass(slots=True, frozen=True)
class Outcome:
    """The result of one way of handing over."""

    handed_over: Estimate
    score: Estimate
    cost_per_1000_usd: Estimate | None


def measure_outcomes(rows: Rows, handed_NK: Bools, bootstrap: Bootstrap) -> list[Outcome]:
    """Measures K ways of handing over."""
    scores = resample(bootstrap, np.where(handed_NK, rows.teacher_N[:, None], rows.student_N[:, None]))
    shares = resample(bootstrap, handed_NK.astype(float))
    costs_NK = costs_usd(rows, handed_NK)
    dollars = None
    if costs_NK is not None:
        dollars = resample(bootstrap, 1000 * costs_NK)
    outcomes = []
    for k in range(handed_NK.shape[1]):
        cost = None
        if dollars is not None:
            cost = estimate_of(dollars[:, k], of_mean(dollars[:, k], rows.size), len(rows))
        share = estimate_of(shares[:, k], of_share(shares[:, k], rows.size), len(rows))
        score = estimate_of(scores[:, k], of_share(scores[:, k], rows.size), len(rows))
        outcomes.append(Outcome(share, score, cost))
    return outcomes


def costs_usd(rows: Rows, handed_NK: Bools) -> Floats | None:
    """Returns [N, K]: the student is asked every time, and paid for also where the teacher is asked after it."""
    if rows.teacher_usd_N is None or rows.student_usd is None:
        return None
    costs_NK: Floats = rows.student_usd + handed_NK * rows.teacher_usd_N[:, None]
    return costs_NK


def _spread(candidates_K: Floats) -> Floats:
    if len(candidates_K) <= MOST_POINTS:
        return candidates_K
    places = np.linspace(0, len(candidates_K) - 1, MOST_POINTS).round().astype(int)
    spread: Floats = candidates_K[places]
    return spread


def resample(bootstrap: Bootstrap, values_NK: Floats) -> Floats:
    """Returns [1 + R, K]: the means on the rows themselves, then on every resample of them."""
    return np.vstack([values_NK.mean(axis=0), bootstrap.means(values_NK)])


def estimate_of(resampled: Floats, interval: Interval | None, rows: int) -> Estimate:
    """Returns a resampled number with its interval."""
    if interval is None:
        return Estimate(float(resampled[0]), None, rows)
    low, high = interval
    return Estimate(float(resampled[0]), (low, high), rows)
