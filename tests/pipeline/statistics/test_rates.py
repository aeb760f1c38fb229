"""Intervals of latencies and speeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.statistics.rates import LEAST_ROUNDS, TAIL, quantile_ci95, rate_ci95

SECONDS = st.floats(1e-3, 1e3)


def at_most(count: int, trials: int, share: float) -> float:
    """P(at most `count` of `trials`), term by term."""
    return math.fsum(math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(count + 1))


@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("calls", [1, 5, 6, 32, 71, 72, 173, 400])
def test_the_ranks_are_the_tightest_that_miss_by_no_more_than_they_may(calls: int, share: float) -> None:
    ends = quantile_ci95(list(range(1, calls + 1)), share)
    assert ends is not None
    low, high = (None if end is None else int(end) for end in ends)
    if low is not None:  # the low one misses where fewer than `low` values lie below the quantile
        assert at_most(low - 1, calls, share) <= TAIL
    assert at_most(low or 0, calls, share) > TAIL
    if high is not None:
        assert 1 - at_most(high - 1, calls, share) <= TAIL + 1e-12
    assert high == 1 or 1 - at_most((high or calls + 1) - 2, calls, share) > TAIL


def test_an_upper_end_of_the_95th_percentile_needs_72_calls() -> None:
    found = {calls: quantile_ci95([1.0] * calls, 0.95) for calls in (71, 72)}
    assert found == {71: [1.0, None], 72: [1.0, 1.0]}
    assert quantile_ci95([], 0.5) is None


@given(st.lists(SECONDS, min_size=1, max_size=300), st.sampled_from([0.5, 0.95]))
def test_the_interval_holds_the_sample_s_own_quantile(values: list[float], share: float) -> None:
    found = quantile_ci95(values, share)
    assert found is not None
    value, slack = float(np.percentile(values, 100 * share)), 1e-9
    assert found[0] is None or found[0] <= value + slack
    assert found[1] is None or value <= found[1] + slack


@given(st.lists(st.tuples(st.integers(0, 50), SECONDS), min_size=1, max_size=100), st.integers(1, 16), SECONDS)
def test_a_speed_s_interval_holds_it_and_scales_with_its_unit(
    calls: list[tuple[int, float]], places: int, unit: float
) -> None:
    amounts = [float(amount) for amount, _ in calls]
    ended = np.cumsum([seconds for _, seconds in calls])
    found = rate_ci95(amounts, ended.tolist(), places)
    assert (found is None) == (len(calls) // max(places, 2) < LEAST_ROUNDS)
    if found is None:
        return
    rate = sum(amounts) / float(ended[-1])
    assert found[0] <= rate * (1 + 1e-9)
    assert rate <= found[1] * (1 + 1e-9)
    scaled = rate_ci95(amounts, (ended * unit).tolist(), places)
    assert scaled is not None
    if found[1] < 1e100:
        assert [end * unit for end in scaled] == pytest.approx(found, rel=1e-6)


def test_rounds_that_take_equally_long_have_an_exact_speed() -> None:
    assert rate_ci95([1.0] * 16, [round_ / 2 for round_ in range(1, 5) for _ in range(4)], 4) == pytest.approx([8, 8])
