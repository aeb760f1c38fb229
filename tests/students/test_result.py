"""A training's words: where its loss left the numbers, and what to do."""

from __future__ import annotations

import pytest

from students.result import NAMED, Diverged


@pytest.mark.parametrize("rows", [(), ("a", "b")])
def test_weights_that_left_the_numbers_want_a_lower_rate(rows: tuple[str, ...]) -> None:
    error = Diverged(float("nan"), 7, rows)
    assert str(error).startswith("the training loss is nan at step 7. Lower student.learning_rate")
    assert ("The step's rows: a, b" in str(error)) == bool(rows)
    assert (error.rows, error.step) == (rows, 7)


def test_rows_that_alone_have_no_loss_are_named_as_many_as_fit() -> None:
    rows = [f"row{number}" for number in range(NAMED + 3)]
    text = str(Diverged(float("inf"), 2, rows, some=True, kind="validation"))
    assert text.startswith("the validation loss is inf at step 2. It comes from row0, row1,")
    assert f"row{NAMED - 1} and 3 more: look at what they hold" in text
    assert "learning_rate" not in text
