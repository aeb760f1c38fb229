from __future__ import annotations

import pytest

from pipeline.evaluate.cascade.curve import Rows
from pipeline.evaluate.cascade.measure import measure_cascade
from pipeline.recipe.evaluate import Evaluate
from tests.pipeline.evaluate.cascade.make import Value, rows_of, simulated
from tests.pipeline.evaluate.make import ends, known

CONFIG = Evaluate(cascade_margin=0.01, resamples=200)


def test_the_chosen_point_says_all_that_serving_needs() -> None:
    found = measure_cascade(simulated(400, seed=3), CONFIG)
    chosen = found.chosen
    assert found.reason is None
    assert chosen is not None
    assert 0 < chosen.threshold <= 1
    assert 0 < chosen.handed_over.value < 1
    low, high = ends(chosen.score)
    assert low < chosen.score.value < high
    assert chosen.teacher_score.value == simulated(400, seed=3).teacher_N.mean()
    assert 0.1 < known(chosen.cost_per_1000_usd).value < 2.1
    assert chosen.rows == 400
    assert found.confidence_auc is not None
    assert ends(found.confidence_auc.auc)[0] > 0.5  # the student's confidence is its accuracy


def test_a_student_that_is_the_teacher_is_never_handed_over() -> None:
    rows = simulated(50, seed=1)
    same = Rows(rows.confidence_N, rows.teacher_N, rows.teacher_N, None, None, rows.groups_N)
    chosen = measure_cascade(same, Evaluate(cascade_margin=0.0, resamples=100)).chosen
    assert chosen is not None
    assert (chosen.threshold, chosen.handed_over.value, chosen.score.value) == (0, 0, rows.teacher_N.mean())
    assert chosen.cost_per_1000_usd is None  # unknown, not nothing


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([(0.9, 1.0, 1.0, 0.0)] * 29, "29 rows are fewer than 30"),
        ([(None, 1.0, 1.0, 0.0)] * 40, "the student's answers have no confidence: its logprobs are not known"),
        ([(0.9, 0.0, 1.0, 0.0)] * 40, "at every threshold the cascade scores more than 0.01 below the teacher"),
    ],
)
def test_where_nothing_is_chosen_the_reason_is_said(values: list[Value], reason: str) -> None:
    found = measure_cascade(rows_of(values), CONFIG)
    assert (found.chosen, found.reason) == (None, reason)


def test_rows_of_one_group_count_once() -> None:
    rows = simulated(200, seed=0)
    few = Rows(rows.confidence_N, rows.student_N, rows.teacher_N, None, None, [f"{n % 10}" for n in range(200)])
    found = measure_cascade(few, CONFIG)
    assert found.reason == "200 rows in 10 groups are fewer than 30 independent ones"
