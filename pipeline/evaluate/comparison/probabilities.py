"""Numbers that need probabilities: AUC of the log-odds, calibration, the student's divergence from its teacher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from pipeline.evaluate.answers.contestants import Answer
from pipeline.evaluate.comparison.resampling import Resampling, as_pair
from pipeline.recipe.scorer import Score, Scorer
from pipeline.run.evaluation.contestants import ReliabilityBin
from pipeline.run.evaluation.estimate import Estimate
from pipeline.statistics.auc import Floats, auc, weighted_auc
from pipeline.statistics.calibration import ece, reliability
from pipeline.statistics.calibration_interval import ece_interval
from pipeline.statistics.divergence import kl
from pipeline.statistics.intervals import of_mean


@dataclass(slots=True, frozen=True)
class Calibration:
    """The calibration error and its curve."""

    ece: Estimate | None = None
    reliability: tuple[ReliabilityBin, ...] = ()


def rank(resampling: Resampling, answers: Sequence[Answer], scorer: Scorer, positive: str) -> Estimate | None:
    """Estimates the AUC of the log-odds of the label `positive`, over the rows that have log-odds."""
    odds_N = _numbers([answer.log_odds for answer in answers])
    positive_N = np.array([scorer.normal(row.gold or "") == scorer.normal(positive) for row in resampling.rows])
    have_N = ~np.isnan(odds_N)
    value = auc(positive_N[have_N], odds_N[have_N])
    if value is None:
        return None
    # Resampled with the rows that have none, so that it is on the same resamples as everything else.
    replicates = resampling.bootstrap.replicate(
        lambda weights: weighted_auc(weights[:, have_N], positive_N[have_N], odds_N[have_N])
    )
    return resampling.share(np.append(value, replicates), int(have_N.sum()))


def calibration(resampling: Resampling, answers: Sequence[Answer], scores: Sequence[Score]) -> Calibration:
    """Measures the answers' confidence against their scores, over the rows that have a confidence.

    The interval is of the ECE of ever more rows, which is smaller than that of few.
    """
    confidence_N = _numbers([answer.confidence for answer in answers])
    score_N = np.array([score.value for score in scores])
    have_N = ~np.isnan(confidence_N)
    if not have_N.any():
        return Calibration()
    confidence, score = confidence_N[have_N], score_N[have_N]
    value = float(ece(np.ones((1, len(score))), confidence, score)[0])
    interval = ece_interval(resampling.replicate_of(have_N), confidence, score, resampling.size_of(have_N))
    bins = tuple(ReliabilityBin(**asdict(bin_)) for bin_ in reliability(confidence, score))
    return Calibration(Estimate(value, as_pair(interval), len(score)), bins)


def divergence(resampling: Resampling, teacher: Sequence[Answer], student: Sequence[Answer]) -> Estimate | None:
    """Estimates the student's mean KL from its teacher over the labels, in nats.

    None where no row has the logprobs of both.
    """
    pairs = []
    have_N = np.zeros(len(student), dtype=np.bool_)
    for place, (theirs, mine) in enumerate(zip(teacher, student, strict=True)):
        if theirs.label_logprobs is not None and mine.label_logprobs is not None:
            have_N[place] = True
            pairs.append((theirs.label_logprobs, mine.label_logprobs))
    if not pairs:
        return None
    teacher_NL, student_NL = (np.array(side) for side in zip(*pairs, strict=True))
    resampled = resampling.mean_of(have_N, kl(teacher_NL, student_NL))
    return Estimate(float(resampled[0]), as_pair(of_mean(resampled, resampling.size)), len(pairs))


def _numbers(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
