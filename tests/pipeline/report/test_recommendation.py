from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.report.recommendation import recommend
from pipeline.run.evaluation.contestants import Standing
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.evaluation.record import Evaluation
from tests.pipeline.report.make import evaluation, summary, with_contestants


def numbers(low: float, high: float) -> Evaluation:
    difference = Estimate((low + high) / 2, (low, high), 50)
    both = with_contestants({"student": summary(), "teacher": summary()})
    return replace(both, against_teacher=Standing(student_minus_teacher=difference))


@pytest.mark.parametrize(
    ("low", "high", "kind", "says"),
    [
        (-0.019, 0.1, "yes", "The student can replace its teacher: it scores 0.800"),
        (-0.1, -0.021, "no", "The student cannot replace its teacher yet: "),
        (-0.02, 0.1, "open", "These rows do not settle"),
        (-0.1, 0.3, "open", "These rows do not settle"),
    ],
)
def test_the_whole_interval_must_be_on_one_side_of_the_margin(low: float, high: float, kind: str, says: str) -> None:
    found = recommend(numbers(low, high), 0.02)
    assert found.kind == kind
    assert found.sentence.startswith(says)
    assert "on the same 50 held-out prompts." in found.sentence
    assert "-0.02 (report.margin)" in found.basis


def test_it_is_held_against_the_better_reading_of_the_teacher() -> None:
    found = recommend(evaluation(), 0.02)
    assert "where its calibrated teacher scores 0.747" in found.sentence
    assert "The difference to its calibrated teacher is +0.127" in found.basis


@pytest.mark.parametrize("change", [{"rows": 29}, {"verdict_withheld": "fewer than 30 rows"}])
def test_few_rows_have_numbers_and_no_verdict(change: dict[str, Any]) -> None:
    found = recommend(replace(numbers(0.1, 0.2), **change), 0.02)
    assert found.kind == "withheld"
    assert found.sentence.startswith("No verdict, for there are fewer than 30 rows: the student scores 0.800 (95 %")


def test_without_gold_it_says_what_can_be_said() -> None:
    unscored = with_contestants({"student": summary(None)})
    found = recommend(replace(unscored, agreement=Estimate(0.84, (0.78, 0.9), 50)), 0.02)
    assert found.kind == "none"
    assert "taught on 0.840 (95 % interval 0.780–0.900) of 50 held-out prompts" in found.sentence


def test_without_a_teacher_it_only_scores() -> None:
    found = recommend(with_contestants({"student": summary()}), 0.02)
    assert (found.kind, found.basis) == ("none", "")
