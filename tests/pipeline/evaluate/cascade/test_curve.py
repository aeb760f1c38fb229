"""The cascade at every threshold."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.evaluate.cascade.curve import ALWAYS, MOST_POINTS, curve, handed_over, thresholds
from pipeline.statistics.bootstrap import Bootstrap
from tests.pipeline.evaluate.cascade.make import ROW, Value, rows_of
from tests.pipeline.evaluate.make import known as estimate


@settings(max_examples=40)
@given(st.lists(ROW, min_size=1, max_size=40))
def test_the_ends_of_the_curve_are_the_student_and_the_teacher(values: list[Value]) -> None:
    known: list[Value] = [value if value[0] is not None else (0.5, *value[1:]) for value in values]
    rows = rows_of(known)
    first, *_, last = curve(rows, Bootstrap(rows.groups_N, 20, 0))
    assert (first.threshold, first.handed_over.value, first.score.value) == (0, 0, rows.student_N.mean())
    assert (last.threshold, last.handed_over.value, last.score.value) == (ALWAYS, 1, rows.teacher_N.mean())
    assert estimate(first.cost_per_1000_usd).value == pytest.approx(1.0)
    assert rows.teacher_usd_N is not None
    dollars = 1000 * (0.001 + rows.teacher_usd_N.mean())  # both are paid
    assert estimate(last.cost_per_1000_usd).value == pytest.approx(dollars)


@settings(max_examples=40)
@given(st.lists(ROW, min_size=1, max_size=150))
def test_a_higher_threshold_hands_over_no_less_and_costs_no_less(
    values: list[Value],
) -> None:
    rows = rows_of(values)
    points = curve(rows, Bootstrap(rows.groups_N, 20, 0))
    assert len(points) <= MOST_POINTS
    for before, after in pairwise(points):
        assert before.threshold <= after.threshold
        assert before.handed_over.value <= after.handed_over.value + 1e-12
        assert estimate(before.cost_per_1000_usd).value <= estimate(after.cost_per_1000_usd).value + 1e-12


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_the_thresholds_tell_all_cascades_apart(confidences: list[float]) -> None:
    found = thresholds(np.array(confidences))
    kept = {int((np.array(confidences) >= threshold).sum()) for threshold in found}
    assert len(kept) == len(found) == len(set(confidences)) + 1
    assert (np.diff(found) > 0).all()


def test_a_row_without_confidence_is_always_handed_over() -> None:
    assert handed_over(np.array([np.nan, 0.2, 0.9]), 0.0).tolist() == [True, False, False]
