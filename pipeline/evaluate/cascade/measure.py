"""The cascade's part of evaluation.json: the curve, the chosen threshold, and what the confidence is worth."""

from __future__ import annotations

import numpy as np

from pipeline.evaluate.cascade.choose import choose
from pipeline.evaluate.cascade.curve import ALWAYS, Rows, curve, estimate_of, handed_over
from pipeline.evaluate.cascade.expected import expect
from pipeline.recipe.evaluate import Evaluate
from pipeline.run.evaluation.costs import Cascade, ConfidenceAuc
from pipeline.run.evaluation.estimate import Estimate
from pipeline.statistics.auc import auc, weighted_auc
from pipeline.statistics.bootstrap import Bootstrap
from pipeline.statistics.intervals import of_share

FEWEST_ROWS = 30
"""Rows, those of a group counted once. With fewer a threshold says more about these rows than about the next."""

NO_CONFIDENCE = "the student's answers have no confidence: its logprobs are not known"

CORRECT = 0.5
"""The score from which an answer counts as correct, for the AUC of the confidence."""


def measure_cascade(rows: Rows, config: Evaluate) -> Cascade:
    """Measures the cascade at every threshold, and chooses one where the rows allow it."""
    if np.isnan(rows.confidence_N).all():
        return nothing_chosen(NO_CONFIDENCE, config)
    bootstrap = Bootstrap(rows.groups_N, config.resamples, config.seed)
    chosen = None
    threshold, reason = _threshold(rows, config.cascade_margin)
    if threshold is not None:
        chosen = expect(rows, threshold, config.cascade_margin, bootstrap, config.seed)
    return Cascade(
        curve=curve(rows, bootstrap),
        chosen=chosen,
        reason=reason,
        margin=config.cascade_margin,
        confidence_auc=_confidence_auc(rows, bootstrap),
    )


def nothing_chosen(reason: str, config: Evaluate) -> Cascade:
    """Returns the cascade where there is nothing to measure."""
    return Cascade(curve=(), chosen=None, reason=reason, margin=config.cascade_margin, confidence_auc=None)


def _threshold(rows: Rows, margin: float) -> tuple[float | None, str | None]:
    """Returns the threshold, or why none is chosen."""
    if len(rows) < FEWEST_ROWS:
        return None, f"{len(rows)} rows are fewer than {FEWEST_ROWS}"
    if rows.size.groups < FEWEST_ROWS:
        return None, f"{len(rows)} rows in {rows.size.groups} groups are fewer than {FEWEST_ROWS} independent ones"
    threshold = choose(rows.confidence_N, rows.student_N, rows.teacher_N, margin)
    if threshold == ALWAYS:
        return None, f"at every threshold the cascade scores more than {margin:g} below the teacher"
    return threshold, None


def _confidence_auc(rows: Rows, bootstrap: Bootstrap) -> ConfidenceAuc:
    known_N = ~handed_over(rows.confidence_N, 0.0)
    correct_N, confidence_N = rows.student_N[known_N] >= CORRECT, rows.confidence_N[known_N]
    count = int(known_N.sum())  # a row without a confidence ranks nowhere
    value = auc(correct_N, confidence_N)
    estimate: Estimate | None = None
    if value is not None:
        replicates_R = bootstrap.replicate(lambda weights: weighted_auc(weights[:, known_N], correct_N, confidence_N))
        resampled = np.append(value, replicates_R)
        estimate = estimate_of(resampled, of_share(resampled, rows.size), count)
    return ConfidenceAuc(auc=estimate, rows=count, correct=int(correct_N.sum()))
