"""What calls cost, and when the distillation has paid for itself."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.evaluate.economics.costs import Way, break_even, break_even_ci95, cost_curve, per_call_usd

DOLLARS = st.floats(1e-6, 1e3)


@given(once=DOLLARS, teacher=DOLLARS, student=DOLLARS)
def test_at_the_break_even_volume_the_totals_are_equal(once: float, teacher: float, student: float) -> None:
    assume(teacher > student * (1 + 1e-6))
    new, old = Way("student", once, student), Way("teacher", 0.0, teacher)
    calls, reason = break_even(new, old)
    assume(calls is not None)
    assert calls is not None
    assert reason is None
    totals = new.total_usd(calls), old.total_usd(calls)
    assert totals[0] == pytest.approx(totals[1])
    later = new.total_usd(2 * calls), old.total_usd(2 * calls)
    assert later[0] is not None
    assert later[1] is not None
    assert later[0] < later[1]


SHARES = st.floats(0.01, 0.9)


@given(once=DOLLARS, teacher=DOLLARS, share=SHARES, student=DOLLARS, other=SHARES)
def test_the_interval_of_the_volume_holds_it(
    once: float, teacher: float, share: float, student: float, other: float
) -> None:
    new = Way("student", once, student, (student * (1 - other), student * (1 + other)))
    old = Way("teacher", 0.0, teacher, (teacher * (1 - share), teacher * (1 + share)))
    calls, _ = break_even(new, old)
    found = break_even_ci95(new, old)
    if calls is not None:
        assert found is not None
        assert found[0] is not None
        assert found[0] <= math.ceil(calls)
        assert found[1] is None or calls <= found[1]
    certain = break_even_ci95(replace(new, call_ci95=(student, student)), old)
    if found is not None and certain is not None and None not in (*found, *certain):
        assert found[0] <= certain[0] <= certain[1] <= found[1]  # type: ignore[operator]  # None is ruled out above
    assert break_even_ci95(replace(new, call_ci95=None), old) is None


@pytest.mark.parametrize(
    ("once", "teacher", "student", "reason"),
    [
        (1.0, None, 0.1, "what a call of the teacher costs is not known"),
        (1.0, 0.1, None, "what a call of the student costs is not known"),
        (None, 0.1, 0.01, "what the distillation cost is not known"),
        (1.0, 0.1, 0.1, "a call of the student is not cheaper than one of the teacher"),
        (1e3, 0.1 + 1e-16, 0.1, "a call of the student is hardly cheaper than one of the teacher"),
    ],
)
def test_without_a_volume_there_is_a_reason(
    once: float | None, teacher: float | None, student: float | None, reason: str
) -> None:
    assert break_even(Way("student", once, student), Way("teacher", 0.0, teacher)) == (None, reason)


def test_the_curve_passes_the_break_even_volume() -> None:
    ways = Way("teacher", 0.0, 0.01), Way("student", 2e5, 0.001), Way("cascade", 2e5, None)
    calls, _ = break_even(ways[1], ways[0])
    points = cost_curve(*ways, calls)
    assert calls is not None
    assert points[0].calls == 100
    assert points[-1].calls >= 10 * calls
    assert {point.cascade_usd for point in points} == {None}
    for point in points:
        assert point.teacher_usd is not None
        assert point.student_usd is not None
        assert (point.teacher_usd < point.student_usd) == (point.calls < calls)


def test_no_price_at_all_draws_no_curve() -> None:
    assert cost_curve(Way("teacher", 0.0, None), Way("student", None, 1.0), Way("cascade", 1.0, None), None) == ()


def test_an_hour_is_shared_by_its_calls() -> None:
    assert per_call_usd(3.6, 10.0) == pytest.approx(0.0001)
    assert per_call_usd(None, 10.0) is None
    assert per_call_usd(3.6, 0.0) is None  # nothing was answered
    assert per_call_usd(0.0, 1.0) == 0.0  # a machine that was paid for already
