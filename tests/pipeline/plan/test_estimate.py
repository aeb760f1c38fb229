"""The intervals cover the truth about as often as they say, by simulation from distributions whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.plan.estimate import (
    Floats,
    Interval,
    count_of,
    exactly,
    largest,
    mean_of,
    ratio_of,
    sum_of,
    total,
)
from pipeline.statistics.intervals import student_quantile

RUNS = 2000
# Of 2,000 runs at 95 %, the share that covers has a standard error of half a point: bounds are four of them away.
LEAST, MOST = 0.93, 0.97

Draw = Callable[[np.random.Generator, int], Floats]


def share(covers: Callable[[np.random.Generator], bool], runs: int = RUNS) -> float:
    chance = np.random.default_rng(7)
    return sum(covers(chance) for _ in range(runs)) / runs


def holds(interval: Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high


@pytest.mark.parametrize(
    ("draw", "n", "mean", "least"),
    [
        (lambda chance, n: chance.normal(50, 10, n), 20, 50.0, LEAST),
        (lambda chance, n: chance.uniform(0, 80, n), 20, 40.0, LEAST),
        (lambda chance, n: chance.poisson(12, n).astype(np.float64), 30, 12.0, LEAST),
        # Skewed, as the lengths of replies are: a t interval comes up to its level as replies are added.
        (lambda chance, n: chance.exponential(100, n), 20, 100.0, 0.90),
        (lambda chance, n: chance.exponential(100, n), 300, 100.0, LEAST),
        (lambda chance, n: chance.lognormal(4, 0.8, n), 300, float(np.exp(4 + 0.32)), 0.92),
    ],
)
def test_a_mean_is_covered(draw: Draw, n: int, mean: float, least: float) -> None:
    assert least <= share(lambda chance: holds(mean_of(draw(chance, n)), mean)) <= MOST


@pytest.mark.parametrize("future", [1, 7, 100])
def test_the_mean_of_a_few_to_come_is_covered(future: int) -> None:
    def covers(chance: np.random.Generator) -> bool:
        return holds(mean_of(chance.normal(50, 10, 25), future), float(chance.normal(50, 10, future).mean()))

    assert LEAST <= share(covers) <= MOST


def test_a_ratio_is_covered() -> None:
    def covers(chance: np.random.Generator) -> bool:
        size = chance.gamma(4, 100, 60)
        return holds(ratio_of(size * chance.normal(0.25, 0.03, 60), size), 0.25)

    assert 0.92 <= share(covers) <= MOST


@pytest.mark.parametrize(("n", "population"), [(200, 400), (200, 100_000)])
def test_a_sum_over_a_population_is_covered(n: int, population: int) -> None:
    everyone = np.random.default_rng(1).lognormal(5, 0.7, population)

    def covers(chance: np.random.Generator) -> bool:
        return holds(sum_of(chance.choice(everyone, n, replace=False), population), float(everyone.sum()))

    assert 0.92 <= share(covers, 1000) <= MOST


@pytest.mark.parametrize(
    ("p", "n", "population"),
    [(0.003, 500, 20_000), (0.02, 500, 20_000), (0.5, 500, 20_000), (0.97, 500, 20_000), (0.5, 800, 1_000)],
)
def test_a_count_is_covered_also_near_none_and_all(p: float, n: int, population: int) -> None:
    def covers(chance: np.random.Generator) -> bool:
        owed = round(population * p)
        seen = chance.hypergeometric(owed, population - owed, n)
        counts = np.concatenate([np.ones(seen), np.zeros(n - seen)])
        return holds(count_of(counts, 1, population), owed)

    assert 0.92 <= share(covers) <= 0.995


def test_a_count_of_several_is_covered_at_least_as_often() -> None:
    everyone = np.random.default_rng(1).binomial(4, 0.3, 5_000).astype(np.float64)

    def covers(chance: np.random.Generator) -> bool:
        return holds(count_of(chance.choice(everyone, 200, replace=False), 4, 5_000), float(everyone.sum()))

    assert share(covers, 1000) >= LEAST


@pytest.mark.parametrize("correlation", [-0.9, 0.0, 0.9])
def test_sums_and_products_hold_whatever_the_correlation(correlation: float) -> None:
    spread = [[1, correlation], [correlation, 1]]

    def covers(chance: np.random.Generator) -> bool:
        one, other = chance.multivariate_normal([30, 20], spread, 40).T
        product, added = mean_of(one) * mean_of(other), mean_of(one) + mean_of(other)
        return holds(product, 600) and holds(added, 50)

    assert share(covers) >= LEAST


def test_students_quantile_is_the_tables() -> None:
    table = {4: 2.776, 9: 2.262, 19: 2.093, 29: 2.045, 99: 1.984, 1_000_000: 1.960}
    for freedom, value in table.items():
        assert student_quantile(freedom) == pytest.approx(value, abs=0.001)


amounts = st.floats(0, 1e6)
intervals = st.lists(amounts, min_size=3, max_size=3).map(lambda ends: Interval(*sorted(ends)))


@given(intervals, intervals)
def test_arithmetic_keeps_the_order(one: Interval, other: Interval) -> None:
    for made in (one + other, one * other, total([one, other]), largest([one, other]), one.scaled(3), one.within(1, 9)):
        assert made.expected is not None
        assert made.low <= made.expected <= made.high


@given(intervals)
def test_what_is_not_known_stays_so(one: Interval) -> None:
    unknown = Interval(0, None, inf)
    assert (one + unknown).expected is None
    assert (one * unknown).expected is None
    assert largest([one, unknown]).expected is None
    assert exactly(0) * unknown == Interval(0, None, 0)
    assert not isfinite((one + unknown).high)


def test_a_whole_population_is_no_estimate() -> None:
    values = np.array([1.0, 0.0, 2.0])
    assert sum_of(values, 3) == count_of(values, 2, 3) == exactly(3.0)
