"""95 % intervals of what was timed: a quantile of latencies, and a speed.

Both take calls for independent of each other, and the machine for as busy with other work as while it was measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pipeline.statistics.intervals import Size

TAIL = 0.025
"""What either side may miss the truth by."""
LEAST_ROUNDS = 4
"""Fewer say nothing of how much they differ."""

Ends = list[float | None]


def quantile_ci95(values: Sequence[float], share: float) -> Ends | None:
    """Returns the interval of the quantile below which `share` (0 to 1) of all values lie; None without a value.

    Two order statistics, whatever the distribution (David and Nagaraja, Order Statistics, 2003, section 7.1): how many
    of n values lie below the quantile is binomial. An end is None where even the extreme value misses by more than
    TAIL: the upper end of a 95th percentile needs 72 values.
    """
    if not values:
        return None
    ordered, below = sorted(values), _binomial_cdf(len(values), share)
    low = int(np.searchsorted(below, TAIL, side="right"))
    high = int(np.searchsorted(below, 1 - TAIL))
    least = most = None
    if low > 0:
        least = ordered[low - 1]
    if high < len(ordered):
        most = ordered[high]
    return [least, most]


def rate_ci95(amounts_N: Sequence[float], ended_N: Sequence[float], places: int) -> list[float] | None:
    """Returns the interval of an amount a second.

    N calls in the order they ended, each with its amount and its end, in seconds from the start.

    The time is cut into rounds of `places` calls, as many as are in flight at once, and of two at least: calls that
    were decoded together end together, rounds hardly depend on each other. The interval is symmetric in the logarithm,
    with the variance of the jackknife over rounds (Efron and Tibshirani 1993, chapter 11) and Student's quantile. None
    with fewer than LEAST_ROUNDS rounds.
    """
    rounds = len(ended_N) // max(places, 2)
    if rounds < LEAST_ROUNDS:
        return None
    last_R = np.array([part[-1] for part in np.array_split(np.arange(len(ended_N)), rounds)])
    amounts_R = np.diff(np.cumsum(amounts_N)[last_R], prepend=0.0)
    seconds_R = np.diff(np.asarray(ended_N)[last_R], prepend=0.0)
    rate = float(amounts_R.sum() / seconds_R.sum())
    if rate == 0:
        return [0.0, 0.0]
    # The rate without each round in turn, relative to the whole.
    without_R = (amounts_R.sum() - amounts_R) / (seconds_R.sum() - seconds_R) / rate
    spread = math.sqrt((rounds - 1) * float(without_R.var()))
    factor = math.exp(min(Size(len(ended_N), rounds).critical * spread, 700.0))
    return [rate / factor, rate * factor]


def _binomial_cdf(trials: int, share: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Returns [trials + 1]: P(at most k of `trials`), each true with probability `share`, k from 0."""
    k = np.arange(trials + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, trials + 1)))])
    # In logarithms: the binomial coefficients of a few thousand calls are larger than any float.
    chances = np.exp(logs[-1] - logs - logs[::-1] + k * math.log(share) + (trials - k) * math.log1p(-share))
    below: np.ndarray[tuple[int], np.dtype[np.float64]] = np.cumsum(chances)
    return below
