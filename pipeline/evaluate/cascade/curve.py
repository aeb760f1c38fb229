"""Quality against cost: the cascade at every threshold, on rows that student and teacher both answered.

Axes: N rows, K thresholds, R resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

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
    """What the cascade needs of the rows that both answered."""

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
    """[N], or [K, N] of thresholds [K, 1]: whom the teacher answers, by the rule of pipeline/serve/cascade.py.

    No confidence is never enough.
    """
    found: Bools = ~(confidence_N >= threshold)
    return found


def thresholds(confidence_N: Floats) -> Floats:
    """[K], ascending: 0, one between each two neighbouring confidences, ALWAYS. They tell all cascades apart.

    Between and not at: another server's arithmetic gives the same answer a confidence that differs a little.
    """
    known = np.unique(confidence_N[~np.isnan(confidence_N)])
    middles = (known[:-1] + known[1:]) / 2
    between = np.where(middles > known[:-1], middles, known[1:])
    found: Floats = np.concatenate([[0.0], between[between > 0], [ALWAYS]])
    return found


def curve(rows: Rows, bootstrap: Bootstrap) -> list[dict[str, Any]]:
    """At most MOST_POINTS thresholds, spread evenly over the share that is handed over, each with its intervals."""
    chosen = _spread(thresholds(rows.confidence_N))
    handed_NK = np.stack([handed_over(rows.confidence_N, threshold) for threshold in chosen], axis=1)
    points = outcomes(rows, handed_NK, bootstrap)
    return [{"threshold": float(threshold), **point} for threshold, point in zip(chosen, points, strict=True)]


def outcomes(rows: Rows, handed_NK: Bools, bootstrap: Bootstrap) -> list[dict[str, Any]]:
    """What K ways of handing over give: share, score and dollars, with 95 % intervals."""
    scores = estimates(bootstrap, np.where(handed_NK, rows.teacher_N[:, None], rows.student_N[:, None]))
    shares, costs = estimates(bootstrap, handed_NK.astype(float)), costs_usd(rows, handed_NK)
    dollars = None if costs is None else estimates(bootstrap, 1000 * costs)
    return [
        {
            **_named("handed_over", shares[:, k], of_share(shares[:, k], rows.size)),
            "score": float(scores[0, k]),
            "ci95": of_share(scores[:, k], rows.size),
            **_dollars(None if dollars is None else dollars[:, k], rows.size),
        }
        for k in range(handed_NK.shape[1])
    ]


def costs_usd(rows: Rows, handed_NK: Bools) -> Floats | None:
    """[N, K]: the student is asked every time, and paid for also where the teacher is asked after it."""
    if rows.teacher_usd_N is None or rows.student_usd is None:
        return None
    found: Floats = rows.student_usd + handed_NK * rows.teacher_usd_N[:, None]
    return found


def _spread(candidates_K: Floats) -> Floats:
    if len(candidates_K) <= MOST_POINTS:
        return candidates_K
    found: Floats = candidates_K[np.linspace(0, len(candidates_K) - 1, MOST_POINTS).round().astype(int)]
    return found


def estimates(bootstrap: Bootstrap, values_NK: Floats) -> Floats:
    """[1 + R, K]: the means on the rows themselves, then on every resample of them."""
    return np.vstack([values_NK.mean(axis=0), bootstrap.means(values_NK)])


def _dollars(costs: Floats | None, size: Size) -> dict[str, Any]:
    name = "cost_per_1000_usd"
    return {name: None, f"{name}_ci95": None} if costs is None else _named(name, costs, of_mean(costs, size))


def _named(name: str, estimate: Floats, interval: Interval | None) -> dict[str, Any]:
    return {name: float(estimate[0]), f"{name}_ci95": interval}
