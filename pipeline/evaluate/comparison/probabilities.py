"""What needs probabilities: AUC of the log-odds, calibration, and the divergence of the student from its teacher."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.evaluate.answers.contestants import Answer
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.recipe.scorer import Score, Scorer
from pipeline.statistics.auc import Floats, auc, weighted_auc
from pipeline.statistics.calibration import ece, reliability
from pipeline.statistics.calibration_interval import ece_interval
from pipeline.statistics.divergence import kl
from pipeline.statistics.intervals import of_mean


def rank(resampling: Resampling, answers: Sequence[Answer], scorer: Scorer, positive: str) -> dict[str, Any]:
    """AUC of the log-odds of the label `positive`, over the rows that have log-odds; their number beside it."""
    odds_N = _numbers([answer.log_odds for answer in answers])
    positive_N = np.array([scorer.normal(row.gold or "") == scorer.normal(positive) for row in resampling.rows])
    have_N = ~np.isnan(odds_N)
    value = auc(positive_N[have_N], odds_N[have_N])
    estimate = None
    if value is not None:
        replicates = resampling.bootstrap.replicate(
            lambda weights: weighted_auc(weights[:, have_N], positive_N[have_N], odds_N[have_N])
        )
        estimate = np.append(value, replicates)
    return resampling.share("auc", estimate) | {"auc_rows": int(have_N.sum())}


def calibration(resampling: Resampling, answers: Sequence[Answer], scores: Sequence[Score]) -> dict[str, Any]:
    """ECE of the answers' confidence against their scores, and its curve, over the rows that have a confidence.

    The interval is of the ECE of ever more rows, which is smaller than that of few.
    """
    sure_N, score_N = _numbers([answer.confidence for answer in answers]), np.array([score.value for score in scores])
    have_N = ~np.isnan(sure_N)
    if not have_N.any():
        return {"ece": None, "ece_ci95": None, "reliability": []}
    sure, score = sure_N[have_N], score_N[have_N]
    value = float(ece(np.ones((1, len(sure))), sure, score)[0])
    interval = ece_interval(resampling.replicate_of(have_N), sure, score, resampling.size_of(have_N))
    return {"ece": value, "ece_ci95": interval, "reliability": reliability(sure, score)}


def divergence(resampling: Resampling, teacher: Sequence[Answer], student: Sequence[Answer]) -> dict[str, Any] | None:
    """The student's mean KL from its teacher over the labels, in nats; null where no row has both's logprobs."""
    pairs = [(one.label_logprobs, other.label_logprobs) for one, other in zip(teacher, student, strict=True)]
    have_N = np.array([one is not None and other is not None for one, other in pairs], dtype=np.bool_)
    if not have_N.any():
        return None
    both = [pair for pair, have in zip(pairs, have_N, strict=True) if have]
    values = kl(np.array([one for one, _ in both]), np.array([other for _, other in both]))
    estimate = resampling.mean_of(have_N, values)
    return {"value": float(estimate[0]), "ci95": of_mean(estimate, resampling.size), "rows": len(both)}


def _numbers(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
