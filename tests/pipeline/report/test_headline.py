from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.report.headline import headline
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.evaluation.record import Evaluation
from tests.pipeline.report.make import evaluation, summary, with_contestants


def numbers(low: float, high: float) -> Evaluation:
    difference = Estimate((low + high) / 2, (low, high), 50)
    return replace(with_contestants({"student": summary(0.8)}), student_minus_base=difference)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.1, 0.3, "0.200 above its base."),
        (-0.3, -0.1, "0.200 below its base."),
        (-0.1, 0.3, "not told apart from its base (+0.100)."),
        (0.0, 0.2, "not told apart from its base (+0.100)."),
    ],
)
def test_it_claims_a_difference_only_where_the_interval_excludes_zero(low: float, high: float, expected: str) -> None:
    assert headline(numbers(low, high)) == f"The student scores 0.800 on 50 held-out prompts: {expected}"


def test_it_names_every_opponent_and_the_cost_of_a_call() -> None:
    said = headline(evaluation())
    assert "above its base, 0.373 above its teacher and 0.127 above its calibrated teacher." in said
    assert "It reads 61 prompt tokens a call to the teacher's 402" in said


def test_without_a_student_it_says_so() -> None:
    assert headline(with_contestants({}, rows=3)) == "No student was compared."
