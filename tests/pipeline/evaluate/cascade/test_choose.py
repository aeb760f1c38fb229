"""The threshold that is chosen: on rows that it was not chosen on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.evaluate.cascade.choose import choose, choose_on_each, cross_fitted
from pipeline.evaluate.cascade.curve import handed_over, thresholds
from tests.pipeline.evaluate.cascade.make import MARGIN, ROW, Value, rows_of, score_at, simulated


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


@settings(max_examples=20)
@given(st.lists(ROW, min_size=12, max_size=60), st.integers(0, 5))
def test_a_row_has_no_say_in_what_becomes_of_it(values: list[Value], place: int) -> None:
    rows = rows_of(values)
    for change in (0.0, 1.0):
        student_N = rows.student_N.copy()
        student_N[place] = change
        handed_N = cross_fitted(replace(rows, student_N=student_N), 0.01, seed=0)
        before_N = cross_fitted(rows, 0.01, seed=0)
        assert handed_N[place] == before_N[place]


def test_what_is_expected_of_the_choice_is_not_what_it_was_chosen_for() -> None:
    """Over many draws the stated difference is the true one, where that of the very rows is too good."""
    world = simulated(200_000, seed=99)
    stated, naive = [], []
    for seed in range(60):
        rows = simulated(120, seed)
        threshold = choose(rows.confidence_N, rows.student_N, rows.teacher_N, 0.01)
        true = score_at(world, threshold).mean() - world.teacher_N.mean()
        handed_N = cross_fitted(rows, 0.01, seed=seed)
        mine = np.where(handed_N, rows.teacher_N, rows.student_N)
        stated.append((mine - rows.teacher_N).mean() - true)
        naive.append((score_at(rows, threshold) - rows.teacher_N).mean() - true)
    assert abs(np.mean(stated)) < np.mean(naive)
