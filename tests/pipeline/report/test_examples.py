from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.report.examples import examples, regressions
from tests.pipeline.report.make import full_evaluation


@pytest.mark.parametrize(("calibrated", "title"), [(0.0, "teacher"), (1.0, "calibrated teacher")])
def test_regressions_are_held_against_the_reading_of_the_teacher_that_is_right(calibrated: float, title: str) -> None:
    evaluation = full_evaluation()
    first, *rest = evaluation.regressions
    answers = {
        **first.answers,
        "teacher_calibrated": replace(first.answers["teacher_calibrated"], score=calibrated),
        "teacher": replace(first.answers["teacher"], score=1.0),
    }
    evaluation = replace(evaluation, regressions=(replace(first, answers=answers), *rest))
    assert [answer.title for answer in regressions(evaluation)[0].pair] == [title, "student"]


def test_regressions_are_shown_once() -> None:
    evaluation = full_evaluation()
    shown = {example.prompt_id for example in regressions(evaluation)}
    assert shown.isdisjoint(example.prompt_id for example in examples(evaluation))
    assert [answer.title for answer in examples(evaluation)[0].pair] == ["gold", "student"]
