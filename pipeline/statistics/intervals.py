"""95 % intervals: the spread comes from the paired bootstrap, the shape from score intervals.

Percentiles of the bootstrap cover too seldom where a score is near 0 or 1 or rows are few (benchmarks/coverage.py: 84 %
at 30 rows and a score of 0.94). So a share has Wilson's interval (1927) at the number of independent rows that the
bootstrap's variance is worth (after Korn and Graubard 1998). Differences and ratios of shares are put together of those
by the method of variance estimates recovery, MOVER, with the bootstrap's correlation (Newcombe 1998, Statistics in
Medicine 17:2635-2650; Donner and Zou 2012, Statistical Methods in Medical Research 21:347-359).

Each estimate is [1 + R]: the value on the rows themselves, then on every resample of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from pipeline.statistics.auc import Floats

Z = NormalDist().inv_cdf(0.975)
Interval = list[float]


@dataclass(slots=True, frozen=True)
class Size:
    """The rows behind an estimate, and the groups of rows that are independent of each other."""

    rows: int
    groups: int

    @property
    def critical(self) -> float:
        """The normal quantile; of rows in groups Student's, since how much they differ is known from few."""
        if not self.is_grouped:
            return Z
        return student_quantile(max(self.groups - 1, 1))

    @property
    def inflation(self) -> float:
        """The factor by which the bootstrap's variance over groups is multiplied by to be unbiased: G / (G - 1)."""
        if not self.is_grouped or self.groups == 1:
            return 1.0
        return self.groups / (self.groups - 1)

    @property
    def is_grouped(self) -> bool:
        """True where any two rows are of one group."""
        return self.groups < self.rows


def wilson(value: float, rows: float, critical: float = Z) -> Interval:
    """Returns Wilson's interval of a share of so many independent rows."""
    square = critical**2 / rows
    centre = (value + square / 2) / (1 + square)
    half = critical * math.sqrt(max(value * (1 - value), 0.0) / rows + square / (4 * rows)) / (1 + square)
    # At 0 and at 1 the arithmetic may leave the value itself just outside.
    return [max(0.0, min(value, centre - half)), min(1.0, max(value, centre + half))]


def of_share(share: Floats, size: Size) -> Interval | None:
    """Returns the interval of anything from 0 to 1: a mean score, an AUC, an F1.

    None where a resample leaves it undefined.

    At 0 and at 1 no resample differs, and the groups are the rows that it is worth. What is the same in every resample
    and neither is a constant, and has no interval but itself.
    """
    if not np.isfinite(share).all():
        return None
    value, variance = float(share[0]), float(share[1:].var()) * size.inflation
    if variance < 1e-18 and 0 < value < 1:
        return [value, value]
    worth: float = size.groups
    if variance > 0 and 0 < value < 1:
        # So many independent rows would have this variance.
        worth = value * (1 - value) / variance
    return wilson(value, max(worth, 1e-9), size.critical)


def of_difference(first: Floats, second: Floats, size: Size) -> Interval | None:
    """Returns the interval of a difference of two shares on the same rows."""
    mine, theirs = of_share(first, size), of_share(second, size)
    if mine is None or theirs is None:
        return None
    return _mover_difference(first, second, mine, theirs)


def of_ratio(above: Floats, below: Floats, size: Size) -> Interval | None:
    """Returns the interval of a ratio of two shares on the same rows; None where it has no upper end."""
    mine, theirs = of_share(above, size), of_share(below, size)
    if mine is None or theirs is None:
        return None
    return _mover_ratio(above, below, mine, theirs)


def of_gap(student: Floats, base: Floats, teacher: Floats, size: Size) -> Interval | None:
    """Returns the interval of (S - B) / (T - B); None where it has no upper end."""
    gained, lead = of_difference(student, base, size), of_difference(teacher, base, size)
    if gained is None or lead is None:
        return None
    return _mover_ratio(student - base, teacher - base, gained, lead)


def of_mean(mean: Floats, size: Size) -> Interval | None:
    """Returns the interval of a mean that is not negative and has no upper end: symmetric in its logarithm.

    Such are divergences, tokens and dollars.

    None where it is undefined in a resample; a mean of 0 has no interval but itself.
    """
    if not np.isfinite(mean).all():
        return None
    value, spread = float(mean[0]), float(mean[1:].std()) * math.sqrt(size.inflation)
    if value <= 0:
        return [value, value]
    # exp(700) is about the largest float: few groups that differ much have an interval without an upper end in sight.
    factor = math.exp(min(student_quantile(max(size.groups - 1, 1)) * spread / value, 700.0))
    return [value / factor, value * factor]


def of_any_mean(mean: Floats, size: Size) -> Interval:
    """Returns the interval of a mean without known ends, such as a difference of perplexities: Student's, symmetric."""
    half = student_quantile(max(size.groups - 1, 1)) * float(mean[1:].std()) * math.sqrt(size.inflation)
    return [float(mean[0]) - half, float(mean[0]) + half]


def _mover_difference(first: Floats, second: Floats, mine: Interval, theirs: Interval) -> Interval:
    value, together = float(first[0] - second[0]), _correlation(first, second)
    down, up = float(first[0]) - mine[0], mine[1] - float(first[0])
    other_down, other_up = float(second[0]) - theirs[0], theirs[1] - float(second[0])
    low = value - _length(down, other_up, together)
    return [low, value + _length(up, other_down, together)]


def _length(first: float, second: float, together: float) -> float:
    return math.sqrt(max(first**2 - 2 * together * first * second + second**2, 0.0))


def _mover_ratio(above: Floats, below: Floats, mine: Interval, theirs: Interval) -> Interval | None:
    """Returns the roots, in r, of the equation that sets the limit of above - r below to 0.

    The limit takes the end of below that is the worse one, which depends on the sign of r, that is of above's own end.
    None where that end is not above 0, as r has no end then.
    """
    first, second, together = float(above[0]), float(below[0]), _correlation(above, below)
    ends = []
    for sign, end in zip((-1, 1), mine, strict=True):
        widest = theirs[1]
        if (end >= 0) == (sign > 0):
            widest = theirs[0]
        a, b = abs(end - first), abs(widest - second)
        square, middle = second**2 - b**2, first * second - together * a * b
        if widest <= 0 or square == 0:
            return None
        ends.append((middle + sign * math.sqrt(max(middle**2 - square * (first**2 - a**2), 0.0))) / square)
    return [min(ends), max(ends)]


def _correlation(first: Floats, second: Floats) -> float:
    """Returns the correlation over the resamples; 0 where one of them does not vary."""
    spreads = first[1:].std() * second[1:].std()
    if spreads < 1e-18:
        return 0.0
    first_away, second_away = first[1:] - first[1:].mean(), second[1:] - second[1:].mean()
    return float(np.clip((first_away * second_away).mean() / spreads, -1.0, 1.0))


def student_quantile(degrees: int) -> float:
    """Returns the 97.5 % quantile of Student's t: exact for 1 and 2, from 3 on to 0.3 %.

    Abramowitz and Stegun, 26.7.5: https://personal.math.ubc.ca/~cbm/aands/page_949.htm
    """
    if degrees <= 1:
        return math.tan(math.pi * 0.475)
    if degrees == 2:
        return 0.95 * math.sqrt(2 / (1 - 0.95**2))
    z, v = Z, degrees
    terms = (
        (z**3 + z) / 4 / v,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96 / v**2,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384 / v**3,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160 / v**4,
    )
    return z + sum(terms)
