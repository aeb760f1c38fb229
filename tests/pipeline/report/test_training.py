from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.training import POINTS, thin, training_chart
from pipeline.train.log import Curve
from tests.pipeline.report.make import curve


@given(st.lists(st.floats(0, 10), min_size=1, max_size=1000))
def test_a_thinned_curve_keeps_its_end_and_its_range(losses: list[float]) -> None:
    points = thin(tuple(enumerate(losses, start=1)))
    assert len(points) <= POINTS
    assert points[-1][0] == len(losses)
    assert [step for step, _ in points] == sorted({step for step, _ in points})
    assert min(losses) - 1e-9 <= min(loss for _, loss in points)
    assert max(loss for _, loss in points) <= max(losses) + 1e-9


def test_the_curve_marks_the_weights_that_were_kept() -> None:
    chart = training_chart(curve(), 140)
    assert chart is not None
    assert "kept: step 140" in chart.drawing
    assert [name for _, name in chart.legend] == ["training", "validation"]


def test_a_first_step_far_above_does_not_flatten_the_rest() -> None:
    chart = training_chart(Curve(((1, 900.0), *((step, 1.0) for step in range(2, 60)))), None)
    assert chart is not None
    assert max(float(tick) for tick in re.findall(r'text-anchor="end">([^<]*)<', chart.drawing)) < 5
    assert chart.rows[0] == ("1", "900", "–")


def test_no_curve_is_no_chart() -> None:
    assert training_chart(Curve(), None) is None
