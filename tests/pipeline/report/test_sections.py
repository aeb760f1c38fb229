"""The page's sections, each from its part of the numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.display.wording import GLUE
from pipeline.report import economy, labels
from pipeline.report.cascade import cascade_chart, cascade_facts
from pipeline.report.checks import checks
from pipeline.report.examples import examples, regressions
from pipeline.report.lineage import chain, command
from pipeline.report.training import POINTS, thin, training_chart
from pipeline.train.log import Curve
from tests.pipeline.report.make import cascade, curve, economics, full_evaluation, lineage, stages


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


def test_the_costs_name_the_break_even_point() -> None:
    chart = economy.cost_chart(economics())
    assert chart is not None
    assert "break-even: 3.3" in chart.drawing
    assert chart.columns == ("calls", "teacher", "student", "cascade")
    facts = economy.prices({"economics": {**economics(), "break_even_calls_ci95": [3000.0, None]}})
    assert facts["break-even"] == "3,336 calls (3,000 to never)"
    assert facts["distillation: total"] == "$4.30, exact"
    assert facts["student, per 1,000 calls"].replace(GLUE, " ") == "$0.011 ($0.009–$0.013; 32 calls)"
    assert facts["student's peak memory"].replace(GLUE, " ") == "901 MB, exact"
    assert facts["not known"].startswith("distillation: judge; distillation: rescorer; cascade, per 1,000 calls. ")


def test_unknown_prices_are_said_and_not_drawn() -> None:
    unknown: dict[str, Any] = {"break_even_calls": None, "reason": "what a call of the student costs is not known"}
    found = {**economics(), **unknown, "curve": []}
    assert economy.cost_chart(found) is None
    assert economy.prices({"economics": found})["break-even"] == f"none: {unknown['reason']}"


def test_without_prices_the_cascade_is_shown_over_what_is_handed_over() -> None:
    points = [{**point, "cost_per_1000_usd": None} for point in cascade()["curve"]]
    chart = cascade_chart({**cascade(), "curve": points})
    assert chart is not None
    assert chart.across == "share of calls handed over"


def test_no_chosen_threshold_has_its_reason() -> None:
    assert cascade_facts({"chosen": None, "reason": "29 rows are fewer than 30", "curve": []}) == {
        "chosen point": "none: 29 rows are fewer than 30"
    }


def test_each_row_of_a_confusion_table_is_shaded_by_its_share() -> None:
    counts = [[9, 1, 0], [0, 0, 0]]
    one = {"spec": "x", "score": 0.9, "ci95": None, "confusion": {"labels": ["a", "b"], "counts": counts}}
    (found,) = labels.confusions({"student": one})
    assert found.said == ["a", "b", "none of them"]
    assert found.rows == [("a", [(9, 9), (1, 1), (0, 0)]), ("b", [(0, 0), (0, 0), (0, 0)])]


def test_of_many_labels_the_commonest_are_shown() -> None:
    names = [f"l{number}" for number in range(30)]
    counts = [[number if row == number else 0 for number in range(31)] for row in range(30)]
    one = {"score": 1.0, "ci95": None, "confusion": {"labels": names, "counts": counts}}
    (found,) = labels.confusions({"student": one})
    assert found.left_out == 10
    assert [label for label, _ in found.rows] == names[10:]


def test_regressions_are_held_against_the_teacher_and_shown_once() -> None:
    found = full_evaluation()
    for calibrated, title in ((0.0, "teacher"), (1.0, "calibrated teacher")):  # the reading that is right
        found["regressions"][0]["answers"]["teacher_calibrated"]["score"] = calibrated
        found["regressions"][0]["answers"]["teacher"]["score"] = 1.0
        assert [said.title for said in regressions(found)[0].pair] == [title, "student"]
    shown = {one.prompt_id for one in regressions(found)}
    assert shown.isdisjoint(one.prompt_id for one in examples(found))
    assert [said.title for said in examples(found)[0].pair] == ["gold", "student"]


def test_checks_say_on_how_many_rows() -> None:
    found = checks(full_evaluation())
    assert found["answers copied from a training row, student"] == "2 of 150 rows"
    assert found["judge: first position wins"] == "0.550 (0.470–0.630), 150 rows"


def test_the_chain_goes_from_prompts_to_exports() -> None:
    links = chain(lineage(), stages())
    assert [link.kind for link in links] == ["prompts", "teacher", "curation", "student", "exports"]
    assert f"digest {'9c1f' * 8}" in links[0].notes
    assert "800 in, 780 kept" in links[2].notes
    assert chain(replace(lineage(), source_digest=None, terms=None), {})[1].notes == ()


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("runs/a", "stillhouse train runs/a/recipe.yaml --dir runs/a"),
        ("my run", "stillhouse train 'my run/recipe.yaml' --dir 'my run'"),
    ],
)
def test_a_command_can_be_pasted(place: str, expected: str) -> None:
    assert command("train", place) == expected
