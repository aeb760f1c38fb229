"""comparison.csv."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.spreadsheet import COLUMNS, FORMULA, render_csv, safe
from tests.pipeline.evaluate.make import known
from tests.pipeline.report.make import evaluation, full_evaluation

FORMULAS = ['=HYPERLINK("https://example.org")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1", "  =1", "\u200b=1"]


@given(st.text() | st.builds(lambda lead, text: lead + text, st.sampled_from(FORMULA), st.text()))
def test_no_cell_begins_like_a_formula_and_nothing_is_lost(text: str) -> None:
    assert not safe(text).startswith(FORMULA)
    assert safe(text).removeprefix("'") == text.removeprefix("'")


@pytest.mark.parametrize("text", FORMULAS)
def test_hostile_names_are_text_and_numbers_are_numbers(text: str) -> None:
    found = full_evaluation(text)
    head, *lines = csv.reader(io.StringIO(render_csv(found), newline=""))
    assert tuple(head) == COLUMNS
    assert not any(cell.startswith(FORMULA) for line in lines for cell in line[:2])
    values = [float(cell) for line in lines for cell in line[2:6] if cell]
    assert {line[6] for line in lines} == {"estimate", "exact"}
    assert min(values) < 0  # a difference, as a number
    assert len({len(line) for line in lines}) == 1


def test_the_spreadsheet_holds_what_was_measured() -> None:
    found = evaluation()
    lines = {tuple(line[:2]): line[2:] for line in csv.reader(io.StringIO(render_csv(found)))}
    assert found.student is not None
    score = known(found.student.score)
    assert float(lines["student", "score"][0]) == score.value
    assert tuple(float(cell) for cell in lines["student", "score"][1:3]) == score.ci95
    assert lines["student", "score"][3] == "150"
