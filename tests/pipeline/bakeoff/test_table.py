"""The table that people read."""

from __future__ import annotations

from pipeline.bakeoff.result import Bakeoff
from pipeline.bakeoff.table import render
from tests.pipeline.bakeoff.standings import choice_on, teacher


def test_the_table_tells_what_it_knows_in_ascii() -> None:
    priced, free = teacher("a", [1.0] * 40, 0.000012), teacher("b", [0.5] * 40, None)
    text = render(Bakeoff(choice_on(priced, free), "label", None, 4, 400, 0, "x"))
    assert text.isascii()
    assert "$0.000012" in text
    assert "b: no cost, no price known" in text
    assert "40 rows, scored by 'label' against gold" in text


def test_the_table_calls_one_teacher_best_on_a_tie() -> None:
    tied = choice_on(teacher("a", [1.0] * 40), teacher("b", [1.0] * 40))
    text = render(Bakeoff(tied, "label", None, 4, 400, 0, "x"))
    assert [" best |" in line for line in text.splitlines() if line.startswith(("|a", "|b"))] == [True, False]
    assert "+0.000 (-0.088 to +0.088)" in text  # that both are right on forty rows is not that they are the same
