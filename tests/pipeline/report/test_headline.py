from __future__ import annotations

from typing import Any

import pytest

from pipeline.report.headline import verdict
from tests.pipeline.report.make import evaluation


def numbers(low: float, high: float) -> dict[str, Any]:
    student = {"score": 0.8, "prompt_tokens_mean": None, "parameters": None}
    return {"rows": 50, "student": student, "student_minus_base": {"value": (low + high) / 2, "ci95": [low, high]}}


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
    assert verdict(numbers(low, high)) == f"The student scores 0.800 on 50 held-out prompts: {expected}"


def test_it_names_every_opponent_and_the_cost_of_a_call() -> None:
    said = verdict(evaluation())
    assert "above its base, 0.373 above its teacher and 0.127 above its calibrated teacher." in said
    assert "It reads 61 prompt tokens a call to the teacher's 402" in said


def test_without_a_student_it_says_so() -> None:
    assert verdict({"rows": 3}) == "No student was compared."
