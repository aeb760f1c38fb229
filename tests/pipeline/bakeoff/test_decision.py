"""Who is named: on simulated teachers of known accuracy, on ties, and whatever the order they stand in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.bakeoff.decision import LEAST_ROWS, money
from tests.pipeline.bakeoff.standings import choice_on, teacher

SCORES = st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0])] * 3), min_size=1, max_size=40)
COSTS = st.tuples(*[st.none() | st.sampled_from([0.0, 0.01, 0.01, 2.0])] * 3)


def answers(rng: np.random.Generator, accuracy: float, rows: int) -> list[float]:
    return [float(right) for right in rng.random(rows) < accuracy]


def share_named(name: str, accuracies: dict[str, tuple[float, float]], rows: int, slices: int = 60) -> float:
    """How often `name` is named over simulated slices of teachers with (accuracy, dollars a row)."""
    rng = np.random.default_rng(7)
    named = 0
    for _ in range(slices):
        measured = [
            teacher(label, answers(rng, *(accuracy, rows)), cost) for label, (accuracy, cost) in accuracies.items()
        ]
        named += choice_on(*measured).named == name
    return named / slices


def test_the_cheap_one_that_is_as_good_is_named() -> None:
    assert share_named("cheap", {"dear": (0.9, 10), "cheap": (0.9, 1), "awful": (0.4, 0.1)}, rows=100) >= 0.9


def test_a_cheap_one_that_is_clearly_worse_is_not_named() -> None:
    assert share_named("cheap", {"dear": (0.9, 10), "cheap": (0.6, 1)}, rows=100) <= 0.02


def test_what_a_slice_can_tell_is_said_in_the_docstring() -> None:
    """The docstring's numbers, on fewer slices: .70 beside .90."""
    pair = {"dear": (0.9, 10.0), "cheap": (0.7, 1.0)}
    assert 0.1 <= share_named("cheap", pair, rows=50) <= 0.45
    assert share_named("cheap", pair, rows=200) == 0
    five = {f"t{cost}": (0.85, float(cost)) for cost in range(1, 6)}
    assert share_named("t1", five, rows=50) >= 0.85


def test_a_better_and_cheaper_one_is_best_and_named() -> None:
    rng = np.random.default_rng(0)
    found = choice_on(teacher("worse", answers(rng, 0.5, 100), 5), teacher("better", answers(rng, 0.95, 100), 1))
    assert (found.best, found.named) == ("better", "better")
    assert "better scores best" in found.sentence


def test_identical_teachers_are_told_apart_by_price_alone() -> None:
    scores = [float(index % 5 != 0) for index in range(50)]
    found = choice_on(teacher("dear", scores, 10), teacher("cheap", scores, 1), teacher("middle", scores, 5))
    assert found.named == "cheap"
    assert all(one.minus_best.value == 0 and not one.minus_best.significantly_below for one in found.standings)
    assert next(one for one in found.standings if one.measured.label == "cheap").minus_best.ci95 == (0, 0)
    assert "50 rows could have missed a difference of 0.060" in found.sentence  # three in fifty: nothing differed


def test_a_tie_in_everything_goes_by_name_whatever_the_order() -> None:
    scores = [1.0] * 40
    straight = choice_on(teacher("b", scores), teacher("a", scores))
    assert straight.named == choice_on(teacher("a", scores), teacher("b", scores)).named == "a"


def test_the_difference_is_paired() -> None:
    """Worse on the same few rows by a little, always: certain, though the teachers' own intervals overlap."""
    base = [float(index % 2) for index in range(200)]
    worse = [0.0 if index % 20 == 1 else score for index, score in enumerate(base)]
    found = choice_on(teacher("best", base, 10), teacher("worse", worse, 1))
    one = found.standings[1]
    assert one.ci95[1] > found.standings[0].ci95[0]
    assert one.minus_best.significantly_below
    assert found.named == "best"


def test_rows_of_one_group_count_once() -> None:
    """Two hundred copies of ten rows are ten rows: no verdict."""
    rng = np.random.default_rng(1)
    a, b = answers(rng, 0.9, 10), answers(rng, 0.9, 10)
    groups = [f"group {index % 10}" for index in range(200)]
    found = choice_on(teacher("a", a * 20), teacher("b", b * 20), groups=groups)
    assert (found.rows, found.groups, found.named) == (200, 10, None)
    assert "in 10 groups" in found.sentence


@pytest.mark.parametrize(("rows", "named"), [(LEAST_ROWS - 1, None), (LEAST_ROWS, "b")])
def test_below_thirty_rows_intervals_are_shown_and_nobody_is_named(rows: int, named: str | None) -> None:
    scores = [float(index % 3 != 0) for index in range(rows)]
    found = choice_on(teacher("a", scores, 2), teacher("b", scores, 1))
    assert found.named == named
    assert all(one.ci95[0] < one.score < one.ci95[1] for one in found.standings)
    assert ("No verdict" in found.sentence) is (named is None)


def test_a_teacher_without_a_price_is_mentioned_and_never_named() -> None:
    scores = [1.0] * 40
    found = choice_on(teacher("free", scores, None), teacher("dear", scores, 10))
    assert found.named == "dear"
    assert "Not compared by price: free (no price known: give `price`)" in found.sentence
    nobody = choice_on(teacher("free", scores, None), teacher("bad", [0.0] * 40, 1))
    assert nobody.named is None
    assert "No cheapest is named: free" in nobody.sentence


def test_cost_is_per_accepted_row() -> None:
    """Half the price, and a quarter of its rows accepted: the dearer one."""
    scores = [1.0] * 40
    assert choice_on(teacher("picky", scores, 0.5, accepted=10), teacher("plain", scores, 1)).named == "plain"
    none = choice_on(teacher("none", scores, 0.5, accepted=0), teacher("plain", scores, 1))
    assert none.named == "plain"
    assert none.standings[0].measured.cost_per_accepted_usd is None


def test_nobody_is_best_at_nothing() -> None:
    found = choice_on(teacher("a", [0.0] * 40), teacher("b", [0.0] * 40))
    assert found.named is None
    assert "no teacher scored" in found.sentence


def test_a_row_without_a_score_of_every_teacher_is_left_out() -> None:
    scores: list[float | None] = [1.0] * 40
    holes: list[float | None] = [None if index < 5 else 0.0 for index in range(40)]
    found = choice_on(teacher("a", scores), teacher("b", holes))
    assert (found.rows, found.left_out) == (35, 5)
    assert found.standings[1].score == 0
    empty = choice_on(teacher("a", scores), teacher("b", [None] * 40))
    assert (empty.rows, empty.named) == (0, None)
    assert "no row has a score" in empty.sentence


@given(SCORES, COSTS, st.permutations([0, 1, 2]))
def test_the_order_of_the_teachers_changes_nothing(
    rows: list[tuple[float, float, float]], costs: tuple[float | None, ...], order: list[int]
) -> None:
    measured = [teacher("abc"[index], [row[index] for row in rows], costs[index]) for index in range(3)]
    straight, shuffled = choice_on(*measured), choice_on(*(measured[index] for index in order))
    assert (straight.best, straight.named) == (shuffled.best, shuffled.named)
    by_label = {one.measured.label: one for one in shuffled.standings}
    for one in straight.standings:
        other = by_label[one.measured.label]
        assert one.score == pytest.approx(other.score, abs=1e-9)
        assert one.ci95 == pytest.approx(other.ci95, abs=2e-9)
        assert one.minus_best.ci95 == pytest.approx(other.minus_best.ci95, abs=2e-9)


@given(SCORES, COSTS)
def test_the_named_one_is_the_cheapest_in_the_running(
    rows: list[tuple[float, float, float]], costs: tuple[float | None, ...]
) -> None:
    found = choice_on(*(teacher("abc"[index], [row[index] for row in rows], costs[index]) for index in range(3)))
    best = next(one for one in found.standings if one.measured.label == found.best)
    assert best.minus_best.value == 0
    assert all(one.score <= best.score + 1e-9 for one in found.standings)
    if found.named is not None:
        named = next(one for one in found.standings if one.measured.label == found.named)
        assert not named.minus_best.significantly_below
        cost = named.measured.cost_per_accepted_usd
        assert cost is not None
        for one in found.standings:
            other = one.measured.cost_per_accepted_usd
            assert one.minus_best.significantly_below or other is None or other >= cost


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "$0"), (1.2, "$1.20"), (0.0045, "$0.0045"), (9.184e-06, "$0.0000092"), (123.4, "$123.40")],
)
def test_money_has_no_exponent(value: float, shown: str) -> None:
    assert money(value) == shown
