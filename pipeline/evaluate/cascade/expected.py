"""Works out what is to be expected of the chosen cascade, with intervals that know that the threshold was chosen.

Share and dollars are those at the threshold: whom it hands over depends on confidences, and it was chosen by scores.
The score is cross-fitted (choose.py). The spread of its difference to the teacher's is not that of these rows' own
threshold: where the choice stops early, for these rows' bad luck, few answers are the student's, and the spread is
small just when the value is off (benchmarks/coverage_cascade.py: held in 92 % of draws of 1,000 rows). So each resample
tells the spread at a threshold that was chosen on another one: over the resamples, at all that might have been chosen.

Axes: N rows, R resamples. An estimate is [1 + R].
"""

from __future__ import annotations

import numpy as np

from pipeline.evaluate.cascade.choose import choose_on_each, cross_fitted
from pipeline.evaluate.cascade.curve import Rows, estimate_of, handed_over, measure_outcomes, resample
from pipeline.run.evaluation.costs import ChosenPoint
from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import Bootstrap
from pipeline.statistics.intervals import of_difference, of_share


def expect(rows: Rows, threshold: float, margin: float, bootstrap: Bootstrap, seed: int) -> ChosenPoint:
    """Returns share handed over, score and dollars of the cascade, the teacher's score, and their paired difference."""
    handed_N = cross_fitted(rows, margin, seed)
    at_threshold_N = handed_over(rows.confidence_N, threshold)
    honest, plain = measure_outcomes(rows, np.stack([handed_N, at_threshold_N], axis=1), bootstrap)
    teacher = resample(bootstrap, rows.teacher_N[:, None])[:, 0]
    moved_R = bootstrap.replicate(lambda weights: _moved(weights, rows, margin))
    cascade = honest.score.value + np.append(0.0, moved_R)
    return ChosenPoint(
        threshold=threshold,
        handed_over=plain.handed_over,
        score=honest.score,
        cost_per_1000_usd=plain.cost_per_1000_usd,
        teacher_score=estimate_of(teacher, of_share(teacher, rows.size), len(rows)),
        minus_teacher=estimate_of(cascade - teacher, of_difference(cascade, teacher, rows.size), len(rows)),
        rows=len(rows),
    )


def _moved(weights_RN: Floats, rows: Rows, margin: float) -> Floats:
    """Returns [R]: how far each resample's mean score is from that of all rows, at another resample's threshold."""
    chosen_R = choose_on_each(weights_RN, rows.confidence_N, rows.student_N - rows.teacher_N, margin)
    handed_RN = handed_over(rows.confidence_N, np.roll(chosen_R, 1)[:, None])
    scores_RN = np.where(handed_RN, rows.teacher_N, rows.student_N)
    moved_R: Floats = (weights_RN * scores_RN).sum(axis=1) / weights_RN.sum(axis=1) - scores_RN.mean(axis=1)
    return moved_R
