"""The usage of a contestant's calls: tokens, seconds, dollars. None where nothing is known, never 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.evaluate.answers.contestants import Answer
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.run.evaluation.estimate import Estimate
from pipeline.statistics.auc import Floats
from pipeline.statistics.intervals import of_mean
from pipeline.statistics.rates import quantile_ci95


@dataclass(slots=True, frozen=True)
class Usage:
    """Per call, but for the speed and the price of a thousand calls."""

    prompt_tokens_mean: Estimate | None
    output_tokens_mean: Estimate | None
    latency_p50_s: Estimate | None
    latency_p95_s: Estimate | None
    output_tokens_per_s: Estimate | None
    cost_per_1000_usd: Estimate | None


def measure_usage(answers: Sequence[Answer], resampling: Resampling) -> Usage:
    """Measures the answers to the resampled rows, in their order."""
    latencies_s = [answer.latency_s for answer in answers if answer.latency_s is not None]
    return Usage(
        prompt_tokens_mean=_mean([answer.input_tokens for answer in answers], resampling),
        output_tokens_mean=_mean([answer.output_tokens for answer in answers], resampling),
        latency_p50_s=latency(latencies_s, 0.50),
        latency_p95_s=latency(latencies_s, 0.95),
        output_tokens_per_s=_tokens_per_s(answers, resampling),
        cost_per_1000_usd=_mean([_dollars_per_1000(answer) for answer in answers], resampling),
    )


def latency(latencies_s: Sequence[float], share: float) -> Estimate | None:
    """Estimates the latency below which `share` (0 to 1) of all calls lie."""
    ends = quantile_ci95(latencies_s, share)
    if ends is None:
        return None
    low, high = ends
    return Estimate(float(np.percentile(latencies_s, 100 * share)), (low, high), len(latencies_s))


def _dollars_per_1000(answer: Answer) -> float | None:
    if answer.cost_usd is None:
        return None
    return 1000 * answer.cost_usd


def _mean(values_N: Sequence[float | None], resampling: Resampling) -> Estimate | None:
    have_N = np.array([value is not None for value in values_N])
    known = np.array([value for value in values_N if value is not None], dtype=np.float64)
    if not len(known):
        return None
    return _estimate(resampling.mean_of(have_N, known), len(known), resampling)


def _tokens_per_s(answers: Sequence[Answer], resampling: Resampling) -> Estimate | None:
    """Estimates the output tokens per second of one call, reading the prompt included: a ratio of sums."""
    have_N = np.array([answer.output_tokens is not None and bool(answer.latency_s) for answer in answers])
    if not have_N.any():
        return None
    tokens_N = np.array([answer.output_tokens or 0 for answer in answers], dtype=np.float64)
    seconds_N = np.array([answer.latency_s or 0.0 for answer in answers])
    known_N2 = np.stack([tokens_N * have_N, seconds_N * have_N], axis=1)
    sums = np.vstack([known_N2.mean(axis=0), resampling.bootstrap.means(known_N2)])
    with np.errstate(invalid="ignore"):  # a resample without any of these calls: 0 / 0 is NaN, and has no interval
        return _estimate(sums[:, 0] / sums[:, 1], int(have_N.sum()), resampling)


def _estimate(resampled: Floats, count: int, resampling: Resampling) -> Estimate:
    ends = of_mean(resampled, resampling.size)
    value = _rounded(resampled[0])
    if ends is None:
        return Estimate(value, None, count)
    return Estimate(value, (_rounded(ends[0]), _rounded(ends[1])), count)


def _rounded(value: float) -> float:
    """Rounds to 12 digits: sums of seconds differ in their last digits with the rows' order, which must not matter."""
    return float(f"{value:.12g}")
