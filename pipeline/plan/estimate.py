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
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


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

    def __add__(self, other: Interval) -> Interval:
        expected = None if self.expected is None or other.expected is None else self.expected + other.expected
        return Interval(self.low + other.low, expected, self.high + other.high)

    def __mul__(self, other: Interval) -> Interval:
        expected = None if self.expected is None or other.expected is None else self.expected * other.expected
        return Interval(_times(self.low, other.low), expected, _times(self.high, other.high))

    def scaled(self, factor: float) -> Interval:
        """So many times as much."""
        return self * exactly(factor)

    def within(self, low: float, high: float) -> Interval:
        """The same, known to lie between two numbers."""
        expected = None if self.expected is None else min(max(self.expected, low), high)
        return Interval(min(max(self.low, low), high), expected, min(max(self.high, low), high))


def exactly(value: float) -> Interval:
    """A number that is known."""
    return Interval(value, value, value)


NOTHING = exactly(0.0)


def total(intervals: Iterable[Interval]) -> Interval:
    """The sum."""
    return reduce(add, intervals, NOTHING)


def largest(intervals: Iterable[Interval]) -> Interval:
    """The largest of several, end by end; expected where each is."""
    found = list(intervals) or [NOTHING]
    expected = [one.expected for one in found]
    known = [value for value in expected if value is not None]
    most = max(known) if len(known) == len(expected) else None
    return Interval(max(one.low for one in found), most, max(one.high for one in found))


def mean_of(values_N: Floats, future: float = inf) -> Interval:
    """The mean of the next `future` values like these: Student's t prediction interval for a mean.

    https://en.wikipedia.org/wiki/Prediction_interval#Unknown_mean,_unknown_variance; at future = inf it is the
    confidence interval. Needs two values.
    """
    n = len(values_N)
    half = t_quantile(n - 1) * float(np.std(values_N, ddof=1)) * sqrt(1 / n + 1 / max(future, 1))
    return _around(float(np.mean(values_N)), half)


def ratio_of(tops_N: Floats, bottoms_N: Floats) -> Interval:
    """The ratio of two means, by pairs: the ratio estimator, linearised (Cochran 1977, chapter 6). Needs two pairs."""
    n, ratio = len(tops_N), float(tops_N.sum() / bottoms_N.sum())
    residuals = tops_N - ratio * bottoms_N
    half = t_quantile(n - 1) * float(np.std(residuals, ddof=1)) / (sqrt(n) * float(bottoms_N.mean()))
    return _around(ratio, half)


def sum_of(values_N: Floats, population: int) -> Interval:
    """The sum over a population of which these were drawn without replacement; exact where they are all of it."""
    n, seen = len(values_N), float(values_N.sum())
    if n == population:
        return exactly(seen)
    spread = float(np.std(values_N, ddof=1)) * sqrt((1 - n / population) / n)
    return _around(seen / n * population, t_quantile(n - 1) * spread * population).within(seen, inf)


def count_of(counts_N: Floats, most: int, population: int) -> Interval:
    """The sum over a population of counts from 0 to `most`: Wilson's score interval with a finite population.

    A sample in which all counts are equal says that most are, not that all are. Between 0 and `most` the variance is
    at most that of a coin with the same mean, for which the interval is made.
    """
    n, seen = len(counts_N), float(counts_N.sum())
    if n == population or most == 0:
        return exactly(seen)
    p, effective = seen / (n * most), n * (population - 1) / (population - n)
    centre = (p + Z**2 / (2 * effective)) / (1 + Z**2 / effective)
    half = Z / (1 + Z**2 / effective) * sqrt(p * (1 - p) / effective + Z**2 / (4 * effective**2))
    whole = population * most
    shares = Interval(max(centre - half, 0.0), p, centre + half)
    return shares.scaled(whole).within(seen, whole - (n * most - seen))


def t_quantile(freedom: int) -> float:
    """Student's 97.5 % quantile by its expansion in 1/freedom: within 0.1 % from 4 on.

    Abramowitz and Stegun, 26.7.5: https://personal.math.ubc.ca/~cbm/aands/page_949.htm
    """
    terms: tuple[float, ...] = (
        (Z**3 + Z) / 4,
        (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96,
        (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384,
        (79 * Z**9 + 776 * Z**7 + 1482 * Z**5 - 1920 * Z**3 - 945 * Z) / 92160,
    )
    return Z + sum(term / float(freedom) ** (power + 1) for power, term in enumerate(terms))


def _around(value: float, half: float) -> Interval:
    return Interval(max(value - half, 0.0), value, value + half)


def _times(one: float, other: float) -> float:
    return 0.0 if one == 0 or other == 0 else one * other  # no calls of any length are no tokens
