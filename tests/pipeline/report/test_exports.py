"""report.md and comparison.csv."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.markdown import escape, render_markdown
from pipeline.report.spreadsheet import COLUMNS, FORMULA, render_csv, safe
from tests.pipeline.report.make import evaluation, everything, full_evaluation

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
    assert float(lines["student", "score"][0]) == found["student"]["score"]
    assert [float(cell) for cell in lines["student", "score"][1:3]] == found["student"]["ci95"]
    assert lines["student", "score"][3] == "150"


@given(st.text())
def test_escaped_text_has_no_bare_mark_and_one_line(text: str) -> None:
    found = escape(text)
    assert "\n" not in found
    assert not re.search(r"(?<!\\)(?:\\\\)*(?:[|`*\[\]_]|://)|[<>]", found)


def test_the_markdown_says_what_the_page_says() -> None:
    text = render_markdown(everything())
    assert "The student can replace its teacher" in text
    assert "## Where every sample went" in text
    assert "stillhouse evaluate runs/quickstart/recipe.yaml --dir runs/quickstart" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("| macro")}) == 1


@pytest.mark.parametrize(
    "text", ["a|b", "<img src=x>", "[x](javascript:alert(1))", "`x`\n# head", "https://example.org"]
)
def test_hostile_markdown_is_text(text: str) -> None:
    found = render_markdown(everything(text))
    assert "<img" not in found
    assert not re.search(r"(?<!\\)\]\(", found)
    assert "https://" not in found
    assert not re.search(r"(?m)^# head", found)


def test_without_an_evaluation_there_are_the_samples() -> None:
    text = render_markdown(replace(everything(), evaluation=None))
    assert "Nothing was compared yet" in text
    assert "## Comparison" not in text
