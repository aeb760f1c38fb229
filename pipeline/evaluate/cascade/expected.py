"""What is to be expected of the chosen cascade, with intervals that know that the threshold was chosen.

Share and dollars are those at the threshold: whom it hands over depends on confidences, and it was chosen by scores.
The score is cross-fitted (choose.py). The spread of its difference to the teacher's is not that of these rows' own
threshold: where the choice stops early, for these rows' bad luck, few answers are the student's, and the spread is
small just when the value is off (benchmarks/coverage_cascade.py: held in 92 % of draws of 1,000 rows). So each resample
tells the spread at a threshold that was chosen on another one: over the resamples, at all that might have been chosen.

Axes: N rows, R resamples. An estimate is [1 + R].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.evaluate.cascade.choose import choose_on_each, cross_fitted
from pipeline.evaluate.cascade.curve import Rows, estimates, handed_over, outcomes
from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import Bootstrap
from pipeline.statistics.intervals import of_difference, of_share


def expect(rows: Rows, threshold: float, margin: float, bootstrap: Bootstrap, seed: int) -> dict[str, Any]:
    """Share handed over, score and dollars of the cascade, the teacher's score, and their paired difference."""
    handed_N = cross_fitted(rows.confidence_N, rows.student_N, rows.teacher_N, rows.groups_N, margin=margin, seed=seed)
    at_threshold_N = handed_over(rows.confidence_N, threshold)
    honest, found = outcomes(rows, np.stack([handed_N, at_threshold_N], axis=1), bootstrap)
    teacher = estimates(bootstrap, rows.teacher_N[:, None])[:, 0]
    cascade = honest["score"] + np.append(0.0, bootstrap.replicate(lambda weights: _off(weights, rows, margin)))
    return {
        **found,
        "score": honest["score"],
        "ci95": honest["ci95"],
        "teacher_score": float(teacher[0]),
        "teacher_ci95": of_share(teacher, rows.size),
        "minus_teacher": {
            "value": float(cascade[0] - teacher[0]),
            "ci95": of_difference(cascade, teacher, rows.size),
        },
        "rows": len(rows),
    }


def _off(weights_RN: Floats, rows: Rows, margin: float) -> Floats:
    """[R]: how far each resample's mean score is from that of all rows, at another resample's threshold."""
    chosen_R = choose_on_each(weights_RN, rows.confidence_N, rows.student_N - rows.teacher_N, margin)
    handed_RN = handed_over(rows.confidence_N, np.roll(chosen_R, 1)[:, None])
    scores_RN = np.where(handed_RN, rows.teacher_N, rows.student_N)
    found_R: Floats = (weights_RN * scores_RN).sum(axis=1) / weights_RN.sum(axis=1) - scores_RN.mean(axis=1)
    return found_R
