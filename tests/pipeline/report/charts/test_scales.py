from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.charts.scales import Linear, Log, Steps

VALUES = st.lists(st.floats(-1e9, 1e9).map(lambda value: round(value, 6)), min_size=1, max_size=20)


@given(VALUES)
def test_a_linear_scale_holds_its_values_and_names_round_ones(values: list[float]) -> None:
    scale = Linear.around(values)
    assert scale.low < scale.high
    slack = 1e-6 * (scale.high - scale.low)
    assert all(scale.low - slack <= value <= scale.high + slack for value in values)
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 12
    assert ticks == sorted(ticks)
    assert scale.share(scale.low) == 0
    assert scale.share(scale.high) == 1


@given(VALUES, st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_what_is_more_stands_no_earlier(values: list[float], one: float, other: float) -> None:
    scale = Linear.around(values)
    assert (scale.share(one) <= scale.share(other)) or one > other


def test_it_does_not_go_past_its_bounds() -> None:
    scale = Linear.around([0.03, 0.99], 0.0, 1.0)
    assert (scale.low, scale.high) == (0.0, 1.0)
    assert scale.ticks() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])


@given(st.lists(st.floats(1e-9, 1e12), min_size=1, max_size=20))
def test_a_log_scale_holds_its_values(values: list[float]) -> None:
    scale = Log.around(values)
    assert 10.0**scale.first <= min(values) * (1 + 1e-6)
    assert max(values) <= 10.0**scale.last * (1 + 1e-6)
    assert 2 <= len(scale.ticks()) <= 8


def test_on_a_log_scale_nothing_stands_at_the_beginning() -> None:
    assert Log(0, 4).share(0) == 0
    assert Log(0, 4).share(100) == 0.5


def test_steps_are_equally_far() -> None:
    assert [Steps((1, 4, 16)).share(value) for value in (1, 4, 16)] == pytest.approx([1 / 6, 1 / 2, 5 / 6])
