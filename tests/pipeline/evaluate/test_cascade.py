"""The cascade at every threshold, and the one that is chosen: on rows that it was not chosen on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.evaluate.cascade.choose import choose, choose_on_each, cross_fitted
from pipeline.evaluate.cascade.curve import ALWAYS, MOST_POINTS, Rows, curve, handed_over, outcomes, thresholds
from pipeline.evaluate.cascade.expected import expect
from pipeline.evaluate.cascade.measure import measure_cascade
from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import Bootstrap

ROW = st.tuples(
    st.none() | st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 1.0]), st.floats(0, 0.01)
)
MARGIN = st.floats(0, 0.5)
Value = tuple[float | None, float, float, float]


def rows_of(values: Sequence[Value], student_usd: float | None = 0.001) -> Rows:
    confidences, students, teachers, dollars = (np.array(column, dtype=float) for column in zip(*values, strict=True))
    groups = [str(number) for number in range(len(values))]
    return Rows(confidences, students, teachers, dollars, student_usd, groups)


def simulated(count: int, seed: int, teacher: float = 0.9) -> Rows:
    """A student that is right as often as it is sure, beside a teacher that is right at any rate."""
    rng = np.random.default_rng(seed)
    confidence_N = rng.beta(4, 1, size=count)
    student_N, teacher_N = (rng.random(count) < confidence_N).astype(float), (rng.random(count) < teacher).astype(float)
    return Rows(confidence_N, student_N, teacher_N, np.full(count, 0.002), 0.0001, [str(n) for n in range(count)])


def score_at(rows: Rows, threshold: float) -> Floats:
    return np.where(handed_over(rows.confidence_N, threshold), rows.teacher_N, rows.student_N)


@settings(max_examples=40)
@given(st.lists(ROW, min_size=1, max_size=40))
def test_the_ends_of_the_curve_are_the_student_and_the_teacher(values: list[Value]) -> None:
    known: list[Value] = [value if value[0] is not None else (0.5, *value[1:]) for value in values]
    rows = rows_of(known)
    first, *_, last = curve(rows, Bootstrap(rows.groups_N, 20, 0))
    assert (first["threshold"], first["handed_over"], first["score"]) == (0, 0, rows.student_N.mean())
    assert (last["threshold"], last["handed_over"], last["score"]) == (ALWAYS, 1, rows.teacher_N.mean())
    assert first["cost_per_1000_usd"] == pytest.approx(1.0)
    assert rows.teacher_usd_N is not None
    assert last["cost_per_1000_usd"] == pytest.approx(1000 * (0.001 + rows.teacher_usd_N.mean()))  # both are paid


@settings(max_examples=40)
@given(st.lists(ROW, min_size=1, max_size=150))
def test_a_higher_threshold_hands_over_no_less_and_costs_no_less(
    values: list[Value],
) -> None:
    rows = rows_of(values)
    points = curve(rows, Bootstrap(rows.groups_N, 20, 0))
    assert len(points) <= MOST_POINTS
    for name in ("threshold", "handed_over", "cost_per_1000_usd"):
        numbers = [point[name] for point in points]
        assert all(low <= high + 1e-12 for low, high in pairwise(numbers)), name


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_the_thresholds_tell_all_cascades_apart(confidences: list[float]) -> None:
    found = thresholds(np.array(confidences))
    kept = {int((np.array(confidences) >= threshold).sum()) for threshold in found}
    assert len(kept) == len(found) == len(set(confidences)) + 1
    assert (np.diff(found) > 0).all()


@given(st.lists(ROW, min_size=1, max_size=60), MARGIN)
def test_the_chosen_threshold_and_every_higher_one_keep_to_the_margin(values: list[Value], margin: float) -> None:
    rows = rows_of(values)
    chosen = choose(rows.confidence_N, rows.student_N, rows.teacher_N, margin)
    lost = {
        threshold: rows.teacher_N.mean() - score_at(rows, threshold).mean()
        for threshold in thresholds(rows.confidence_N).tolist()
    }
    assert all(lost[threshold] <= margin + 2e-9 for threshold in lost if threshold >= chosen)
    below = [threshold for threshold in lost if threshold < chosen]
    assert not below or lost[max(below)] > margin


@given(st.lists(st.tuples(ROW, st.integers(0, 3)), min_size=1, max_size=30), MARGIN)
def test_a_rows_weight_is_how_often_it_is_there(weighted: list[tuple[Value, int]], margin: float) -> None:
    assume(any(count for _, count in weighted))
    rows, copies = rows_of([row for row, _ in weighted]), rows_of([row for row, n in weighted for _ in range(n)])
    weights_1N = np.array([[float(count) for _, count in weighted]])
    found = choose_on_each(weights_1N, rows.confidence_N, rows.student_N - rows.teacher_N, margin)[0]
    alone = choose(copies.confidence_N, copies.student_N, copies.teacher_N, margin)
    assert (handed_over(copies.confidence_N, found) == handed_over(copies.confidence_N, alone)).all()


def test_the_score_is_cross_fitted_and_share_and_cost_are_the_thresholds() -> None:
    rows = simulated(200, seed=5)
    bootstrap = Bootstrap(rows.groups_N, 400, 0)
    found = expect(rows, 0.8, 0.01, bootstrap, seed=0)
    handed_N = cross_fitted(rows.confidence_N, rows.student_N, rows.teacher_N, rows.groups_N, margin=0.01, seed=0)
    at_N = handed_over(rows.confidence_N, 0.8)
    honest, plain = outcomes(rows, np.stack([handed_N, at_N], axis=1), bootstrap)
    assert (found["score"], found["ci95"]) == (honest["score"], honest["ci95"])
    for name in ("handed_over", "handed_over_ci95", "cost_per_1000_usd", "cost_per_1000_usd_ci95"):
        assert found[name] == plain[name]
    assert found["minus_teacher"]["value"] == pytest.approx(found["score"] - found["teacher_score"])


@settings(max_examples=20)
@given(st.lists(ROW, min_size=12, max_size=60), st.integers(0, 5))
def test_a_row_has_no_say_in_what_becomes_of_it(values: list[Value], place: int) -> None:
    rows = rows_of(values)
    for change in (0.0, 1.0):
        student_N = rows.student_N.copy()
        student_N[place] = change
        handed_N = cross_fitted(rows.confidence_N, student_N, rows.teacher_N, rows.groups_N, margin=0.01, seed=0)
        before_N = cross_fitted(rows.confidence_N, rows.student_N, rows.teacher_N, rows.groups_N, margin=0.01, seed=0)
        assert handed_N[place] == before_N[place]


def test_a_row_without_confidence_is_always_handed_over() -> None:
    assert handed_over(np.array([np.nan, 0.2, 0.9]), 0.0).tolist() == [True, False, False]


def test_what_is_expected_of_the_choice_is_not_what_it_was_chosen_for() -> None:
    """Over many draws the stated difference is the true one, where that of the very rows is too good."""
    world = simulated(200_000, seed=99)
    stated, naive = [], []
    for seed in range(60):
        rows = simulated(120, seed)
        threshold = choose(rows.confidence_N, rows.student_N, rows.teacher_N, 0.01)
        true = score_at(world, threshold).mean() - world.teacher_N.mean()
        handed_N = cross_fitted(
            rows.confidence_N, rows.student_N, rows.teacher_N, rows.groups_N, margin=0.01, seed=seed
        )
        mine = np.where(handed_N, rows.teacher_N, rows.student_N)
        stated.append((mine - rows.teacher_N).mean() - true)
        naive.append((score_at(rows, threshold) - rows.teacher_N).mean() - true)
    assert abs(np.mean(stated)) < np.mean(naive)


def test_the_chosen_point_says_all_that_serving_needs() -> None:
    found = measure_cascade(simulated(400, seed=3), margin=0.01, resamples=200, seed=0)
    chosen = found["chosen"]
    assert found["reason"] is None
    assert 0 < chosen["threshold"] <= 1
    assert 0 < chosen["handed_over"] < 1
    assert chosen["ci95"][0] < chosen["score"] < chosen["ci95"][1]
    assert chosen["teacher_score"] == simulated(400, seed=3).teacher_N.mean()
    assert 0.1 < chosen["cost_per_1000_usd"] < 2.1
    assert chosen["rows"] == 400
    assert found["confidence_auc"]["ci95"][0] > 0.5  # the student's confidence is its accuracy


def test_a_student_that_is_the_teacher_is_never_handed_over() -> None:
    rows = simulated(50, seed=1)
    same = Rows(rows.confidence_N, rows.teacher_N, rows.teacher_N, None, None, rows.groups_N)
    chosen = measure_cascade(same, margin=0.0, resamples=100, seed=0)["chosen"]
    assert (chosen["threshold"], chosen["handed_over"], chosen["score"]) == (0, 0, rows.teacher_N.mean())
    assert chosen["cost_per_1000_usd"] is None  # unknown, not nothing


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([(0.9, 1.0, 1.0, 0.0)] * 29, "29 rows are fewer than 30"),
        ([(None, 1.0, 1.0, 0.0)] * 40, "the student's answers have no confidence: its logprobs are not known"),
        ([(0.9, 0.0, 1.0, 0.0)] * 40, "at every threshold the cascade scores more than 0.01 below the teacher"),
    ],
)
def test_where_nothing_is_chosen_the_reason_is_said(values: list[Value], reason: str) -> None:
    found = measure_cascade(rows_of(values), margin=0.01, resamples=100, seed=0)
    assert (found["chosen"], found["reason"]) == (None, reason)


def test_rows_of_one_group_count_once() -> None:
    rows = simulated(200, seed=0)
    few = Rows(rows.confidence_N, rows.student_N, rows.teacher_N, None, None, [f"{n % 10}" for n in range(200)])
    found = measure_cascade(few, margin=0.01, resamples=100, seed=0)
    assert found["reason"] == "200 rows in 10 groups are fewer than 30 independent ones"
