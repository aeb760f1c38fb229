from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.statistics import bootstrap
from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import Bootstrap, ci95, gap_recovered, retention

SCORES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30).map(np.array)
TOLERANCE = 1e-12


def names(count: int) -> list[str]:
    return [f"row {index:03}" for index in range(count)]


def interval(replicates: Floats) -> list[float]:
    found = ci95(replicates)
    assert found is not None
    return found


@given(SCORES, st.integers(0, 3))
def test_the_interval_contains_the_estimate(scores_NK: Floats, seed: int) -> None:
    replicates = Bootstrap(names(len(scores_NK)), 200, seed).means(scores_NK)
    for column, estimate in enumerate(scores_NK.mean(axis=0)):
        low, high = interval(replicates[:, column])
        assert low - TOLERANCE <= estimate <= high + TOLERANCE


@given(SCORES, st.randoms())
def test_the_order_of_the_rows_makes_no_difference(scores_NK: Floats, random: Random) -> None:
    order = list(range(len(scores_NK)))
    random.shuffle(order)
    straight = Bootstrap(names(len(order)), 100, 0).means(scores_NK)
    shuffled = Bootstrap([names(len(order))[index] for index in order], 100, 0).means(scores_NK[order])
    np.testing.assert_allclose(straight, shuffled, atol=TOLERANCE)


@given(SCORES)
def test_contestants_keep_their_pairing(scores_NK: Floats) -> None:
    """A contestant that is always ahead by the same amount is ahead by it on every resample."""
    shifted = np.column_stack([scores_NK[:, 0], scores_NK[:, 0] + 0.25])
    replicates = Bootstrap(names(len(shifted)), 100, 0).means(shifted)
    np.testing.assert_allclose(replicates[:, 1] - replicates[:, 0], 0.25, atol=TOLERANCE)


def test_the_seed_decides() -> None:
    scores = np.arange(20.0)[:, None]
    first, again, other = (Bootstrap(names(20), 100, seed).means(scores) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_memory_is_bounded_and_the_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(bootstrap, "CHUNK_CELLS", 70)

    def mean(weights: Floats) -> Floats:
        seen.append(weights.size)
        return np.asarray(weights.mean(axis=1))

    assert len(Bootstrap(names(20), 100, 0).replicate(mean)) == 100
    assert max(seen) <= 70


def test_the_interval_is_as_wide_as_theory_says() -> None:
    scores = np.repeat([0.0, 1.0], 200)[:, None]
    low, high = interval(Bootstrap(names(400), 4000, 0).means(scores)[:, 0])
    standard_error = 0.5 / np.sqrt(400)
    assert high - low == pytest.approx(2 * 1.96 * standard_error, rel=0.05)


def test_rows_of_a_group_are_drawn_together() -> None:
    """Ten copies of each row, as one group, say no more than one copy does."""
    scores = np.array([0.0, 1.0] * 20)
    copies = np.repeat(scores, 10)
    one = Bootstrap(names(40), 2000, 0).means(scores[:, None])
    grouped = Bootstrap([name for name in names(40) for _ in range(10)], 2000, 0).means(copies[:, None])
    np.testing.assert_allclose(one, grouped, atol=TOLERANCE)


def test_ratios_exist_only_above_a_positive_denominator() -> None:
    student, base, teacher = np.array([0.8, 0.8]), np.array([0.4, 0.9]), np.array([0.9, 0.9])
    np.testing.assert_allclose(gap_recovered(student, base, teacher), [0.8, np.nan])
    np.testing.assert_allclose(retention(student, np.array([0.5, 0.0])), [1.6, np.nan])
    assert ci95(np.array([1.0, np.nan])) is None
