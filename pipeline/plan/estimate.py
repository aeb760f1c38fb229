"""Intervals from samples, and arithmetic on them. Numbers alone: nothing here knows what is counted.

An interval is one of three things, and adding or multiplying keeps the weakest: exact; 95 % confidence, from a sample;
or a range within which nothing is known, which has no expected value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from math import inf, sqrt
from operator import add

import numpy as np
import numpy.typing as npt

from pipeline.statistics.intervals import student_quantile, wilson

Floats = npt.NDArray[np.float64]


@dataclass(slots=True, frozen=True)
class Interval:
    """A number at least 0 that is not known exactly.

    Sums and products go end by end. For 95 % intervals that holds at least 95 % whatever the correlation, to first
    order: the widths add, and no standard deviation of a sum is above the sum of the standard deviations.
    """

    low: float
    expected: float | None
    """None where there is no ground to prefer one value of the range."""
    high: float

    @property
    def best(self) -> float:
        """The number to name where there is room for one: the expected one, else the highest."""
        return self.high if self.expected is None else self.expected

    def __add__(self, other: Interval) -> Interval:
        low, high = self.low + other.low, self.high + other.high
        if self.expected is None or other.expected is None:
            return Interval(low, None, high)
        return Interval(low, self.expected + other.expected, high)

    def __mul__(self, other: Interval) -> Interval:
        low, high = _times(self.low, other.low), _times(self.high, other.high)
        if self.expected is None or other.expected is None:
            return Interval(low, None, high)
        return Interval(low, self.expected * other.expected, high)

    def scaled(self, factor: float) -> Interval:
        """Returns so many times as much."""
        return self * exactly(factor)

    def within(self, low: float, high: float) -> Interval:
        """Returns the same, known to lie between two numbers."""
        expected = self.expected
        if expected is not None:
            expected = min(max(expected, low), high)
        return Interval(min(max(self.low, low), high), expected, min(max(self.high, low), high))


def exactly(value: float) -> Interval:
    """Returns a number that is known."""
    return Interval(value, value, value)


NOTHING = exactly(0.0)


def total(intervals: Iterable[Interval]) -> Interval:
    """Returns the sum."""
    return reduce(add, intervals, NOTHING)


def total_known(intervals: Iterable[Interval | None]) -> Interval | None:
    """Returns the sum; None where one of them is not known."""
    summed = NOTHING
    for interval in intervals:
        if interval is None:
            return None
        summed = summed + interval
    return summed


def largest(intervals: Iterable[Interval]) -> Interval:
    """Returns the largest of several, end by end; expected where each is."""
    several = list(intervals) or [NOTHING]
    low = max(interval.low for interval in several)
    high = max(interval.high for interval in several)
    most = -inf
    for interval in several:
        if interval.expected is None:
            return Interval(low, None, high)
        most = max(most, interval.expected)
    return Interval(low, most, high)


def mean_of(values_N: Floats, future: float = inf) -> Interval:
    """Returns the mean of the next `future` values like these: Student's t prediction interval for a mean.

    https://en.wikipedia.org/wiki/Prediction_interval#Unknown_mean,_unknown_variance; at future = inf it is the
    confidence interval. Needs two values.
    """
    n = len(values_N)
    # What was measured errs by 1/n; what is to come scatters about the truth by 1/future.
    half = student_quantile(n - 1) * float(np.std(values_N, ddof=1)) * sqrt(1 / n + 1 / max(future, 1))
    return _around(float(np.mean(values_N)), half)


def ratio_of(tops_N: Floats, bottoms_N: Floats) -> Interval:
    """Returns the ratio of two means, by pairs: the ratio estimator, linearised (Cochran 1977, chapter 6).

    Needs two pairs.
    """
    # Of sums, not the mean of ratios: long prompts weigh as much as they cost.
    n, ratio = len(tops_N), float(tops_N.sum() / bottoms_N.sum())
    residuals = tops_N - ratio * bottoms_N
    half = student_quantile(n - 1) * float(np.std(residuals, ddof=1)) / (sqrt(n) * float(bottoms_N.mean()))
    return _around(ratio, half)


def sum_of(values_N: Floats, population: int) -> Interval:
    """Returns the sum over a population of which these were drawn without replacement; exact where they are all."""
    n, seen = len(values_N), float(values_N.sum())
    if n == population:
        return exactly(seen)
    # The finite population correction: nothing is uncertain of what was seen.
    spread = float(np.std(values_N, ddof=1)) * sqrt((1 - n / population) / n)
    # What was seen is there, whatever the rest is.
    return _around(seen / n * population, student_quantile(n - 1) * spread * population).within(seen, inf)


def count_of(counts_N: Floats, most: int, population: int) -> Interval:
    """Returns the sum over a population of counts from 0 to `most`: Wilson's interval with a finite population.

    A sample in which all counts are equal says that most are, not that all are. Between 0 and `most` the variance is
    at most that of a coin with the same mean, for which the interval is made.
    """
    n, seen = len(counts_N), float(counts_N.sum())
    if n == population or most == 0:
        return exactly(seen)
    share, whole = seen / (n * most), population * most
    low, high = wilson(share, n * (population - 1) / (population - n))
    # Those that were seen are counted, and those seen not to count are not.
    return Interval(low, share, high).scaled(whole).within(seen, whole - (n * most - seen))


def _around(value: float, half: float) -> Interval:
    return Interval(max(value - half, 0.0), value, value + half)  # nothing that is counted here is below 0


def _times(amount: float, factor: float) -> float:
    if amount == 0 or factor == 0:
        return 0.0  # infinity too: no calls of any length are no tokens
    return amount * factor
