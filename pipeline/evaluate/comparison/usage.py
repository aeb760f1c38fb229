"""What a contestant's calls took: tokens, seconds, dollars; each with its 95 % interval and the calls it is of.

A number X has its interval under `X_ci95` and its count under `X_n`. All are null where nothing is known, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.evaluate.answers.contestants import Answer
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.statistics.auc import Floats
from pipeline.statistics.intervals import of_mean
from pipeline.statistics.rates import quantile_ci95

COST = "cost_per_1000_usd"


def usage(answers: Sequence[Answer], resampling: Resampling) -> dict[str, Any]:
    """Of the answers to the basis' rows, in their order."""
    dollars = [None if answer.cost_usd is None else 1000 * answer.cost_usd for answer in answers]
    return {
        **_mean("prompt_tokens_mean", [answer.input_tokens for answer in answers], resampling),
        **_mean("output_tokens_mean", [answer.output_tokens for answer in answers], resampling),
        **_latencies([answer.latency_s for answer in answers if answer.latency_s is not None]),
        **_tokens_per_s(answers, resampling),
        **_mean(COST, dollars, resampling),
    }


def _mean(name: str, values_N: Sequence[float | None], resampling: Resampling) -> dict[str, Any]:
    have_N = np.array([value is not None for value in values_N])
    known = np.array([value for value in values_N if value is not None], dtype=np.float64)
    return _estimate(name, resampling.mean_of(have_N, known) if len(known) else None, len(known), resampling)


def _tokens_per_s(answers: Sequence[Answer], resampling: Resampling) -> dict[str, Any]:
    """Output tokens per second of one call, reading the prompt included: a ratio of sums."""
    have_N = np.array([answer.output_tokens is not None and bool(answer.latency_s) for answer in answers])
    tokens_N = np.array([answer.output_tokens or 0 for answer in answers], dtype=np.float64)
    seconds_N = np.array([answer.latency_s or 0.0 for answer in answers])
    name, count = "output_tokens_per_s", int(have_N.sum())
    if not count:
        return _estimate(name, None, 0, resampling)
    known_N2 = np.stack([tokens_N * have_N, seconds_N * have_N], axis=1)
    sums = np.vstack([known_N2.mean(axis=0), resampling.bootstrap.means(known_N2)])
    with np.errstate(invalid="ignore"):
        return _estimate(name, sums[:, 0] / sums[:, 1], count, resampling)


def _latencies(latencies_s: Sequence[float]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, share in (("latency_p50_s", 0.50), ("latency_p95_s", 0.95)):
        value = float(np.percentile(latencies_s, 100 * share)) if latencies_s else None
        found |= {name: value, f"{name}_ci95": quantile_ci95(latencies_s, share), f"{name}_n": len(latencies_s)}
    return found


def _estimate(name: str, estimate: Floats | None, count: int, resampling: Resampling) -> dict[str, Any]:
    ends = None if estimate is None else of_mean(estimate, resampling.size)
    return {
        name: None if estimate is None else _rounded(estimate[0]),
        f"{name}_ci95": None if ends is None else [_rounded(end) for end in ends],
        f"{name}_n": count,
    }


def _rounded(value: float) -> float:
    """Sums of seconds differ in their last digits with the rows' order, which is to make no difference."""
    return float(f"{value:.12g}")
