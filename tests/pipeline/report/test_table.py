from __future__ import annotations

import pytest

from pipeline.report.table import render_table
from pipeline.run.manifest import seconds_of
from tests.pipeline.evaluate.make import ends
from tests.pipeline.report.make import evaluation, stages

EVALUATION = evaluation()
SECONDS = seconds_of(stages())


def test_it_shows_everyone_with_an_interval() -> None:
    text = render_table(EVALUATION, SECONDS)
    for part in ("calibrated", "0.873", "0.747", "402", "61", "62.7 M", "125 MB", "88 ms", "requests in flight", "AUC"):
        assert part in text
    assert EVALUATION.student is not None
    low, high = ends(EVALUATION.student.score)
    assert f"{low:.3f}-{high:.3f}" in text
    assert "generate 3 min 01 s, curate 420 ms" in text


def test_it_is_plain_text_where_there_is_no_terminal() -> None:
    assert render_table(EVALUATION, SECONDS).isascii()
    assert "\x1b" not in render_table(EVALUATION, SECONDS)
    assert "\x1b[1m" in render_table(EVALUATION, SECONDS, terminal=True)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_too_long_and_nothing_is_cut(width: int) -> None:
    text = render_table(EVALUATION, SECONDS, width=width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text


def test_a_gap_that_does_not_exist_is_explained() -> None:
    assert "not defined: the teacher does not clearly lead the base" in render_table(EVALUATION, SECONDS)


def test_markup_in_names_stays_text() -> None:
    assert "[red]evil[/red] 1.00 s" in render_table(EVALUATION, {"[red]evil[/red]": 1.0})
