"""The cascade's part of evaluation.json: the curve, the chosen threshold, and what the confidence is worth."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.evaluate.cascade.choose import choose
from pipeline.evaluate.cascade.curve import ALWAYS, Rows, curve, handed_over
from pipeline.evaluate.cascade.expected import expect
from pipeline.statistics.auc import auc, weighted_auc
from pipeline.statistics.bootstrap import Bootstrap
from pipeline.statistics.intervals import of_share

FEWEST_ROWS = 30
"""Rows, those of a group counted once. With fewer a threshold says more about these rows than about the next."""

NO_CONFIDENCE = "the student's answers have no confidence: its logprobs are not known"

CORRECT = 0.5
"""The score from which an answer counts as correct, for the AUC of the confidence."""


def measure_cascade(rows: Rows, *, margin: float, resamples: int, seed: int) -> dict[str, Any]:
    """`curve`, `chosen` or null with the `reason`, `confidence_auc`. `margin` is in points of score."""
    known = int((~np.isnan(rows.confidence_N)).sum())
    if known == 0:
        return nothing_chosen(NO_CONFIDENCE, margin)
    bootstrap = Bootstrap(rows.groups_N, resamples, seed)
    chosen, reason = _chosen(rows, margin, bootstrap, seed)
    return {
        "curve": curve(rows, bootstrap),
        "chosen": chosen,
        "reason": reason,
        "margin": margin,
        "confidence_auc": _confidence_auc(rows, bootstrap),
    }


def nothing_chosen(reason: str, margin: float) -> dict[str, Any]:
    """The same where there is nothing to measure."""
    return {"curve": [], "chosen": None, "reason": reason, "margin": margin, "confidence_auc": None}


def _chosen(rows: Rows, margin: float, bootstrap: Bootstrap, seed: int) -> tuple[dict[str, Any] | None, str | None]:
    if len(rows) < FEWEST_ROWS:
        return None, f"{len(rows)} rows are fewer than {FEWEST_ROWS}"
    if rows.size.groups < FEWEST_ROWS:
        return None, f"{len(rows)} rows in {rows.size.groups} groups are fewer than {FEWEST_ROWS} independent ones"
    threshold = choose(rows.confidence_N, rows.student_N, rows.teacher_N, margin)
    if threshold == ALWAYS:
        return None, f"at every threshold the cascade scores more than {margin:g} below the teacher"
    return {"threshold": threshold, **expect(rows, threshold, margin, bootstrap, seed)}, None


def _confidence_auc(rows: Rows, bootstrap: Bootstrap) -> dict[str, Any]:
    """P(a correct answer has the higher confidence), null where all answers are correct or none is."""
    known_N = ~handed_over(rows.confidence_N, 0.0)
    correct_N, confidence_N = rows.student_N[known_N] >= CORRECT, rows.confidence_N[known_N]
    value = auc(correct_N, confidence_N)
    found = {"value": value, "ci95": None, "rows": int(known_N.sum()), "correct": int(correct_N.sum())}
    if value is None:
        return found
    replicates_R = bootstrap.replicate(lambda weights: weighted_auc(weights[:, known_N], correct_N, confidence_N))
    return found | {"ci95": of_share(np.append(value, replicates_R), rows.size)}
