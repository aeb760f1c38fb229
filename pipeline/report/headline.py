"""What the numbers say, in words, and no more than they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.display.wording import large, number, share, signed

Evaluation = Mapping[str, Any]

UNDEFINED_GAP = "not defined: the teacher does not clearly lead the base"

TITLES = {
    "teacher": "teacher",
    "teacher_calibrated": "calibrated teacher",
    "base": "base",
    "student": "student",
}
"""The contestants as they are shown, in that order."""


def verdict(evaluation: Evaluation) -> str:
    """One or two sentences: how the student stands, and what it costs to ask."""
    student = evaluation.get("student")
    if student is None:
        return "No student was compared."
    if student["score"] is None:
        return f"Nobody was scored on the {evaluation['rows']} held-out prompts: there is neither gold nor a judge."
    standing = _join([_standing(name, found) for name, found in comparisons(evaluation).items()])
    lead = f"The student scores {share(student['score'])} on {evaluation['rows']} held-out prompts"
    return " ".join([f"{lead}: {standing}." if standing else f"{lead}.", *_economy(evaluation)])


def comparisons(evaluation: Evaluation) -> dict[str, dict[str, Any]]:
    """Every paired difference there is, by what the student is compared with."""
    calibrated = evaluation.get("against_calibrated") or {}
    found = {
        "its base": evaluation.get("student_minus_base"),
        "its teacher": evaluation.get("student_minus_teacher"),
        "its calibrated teacher": calibrated.get("student_minus_teacher"),
    }
    return {name: difference for name, difference in found.items() if difference is not None}


def _join(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _standing(name: str, found: Mapping[str, Any]) -> str:
    low, high = found["ci95"] or (-1.0, 1.0)
    if low <= 0 <= high:
        return f"not told apart from {name} ({signed(found['value'])})"
    return f"{share(abs(found['value']))} {'above' if low > 0 else 'below'} {name}"


def _economy(evaluation: Evaluation) -> list[str]:
    """How a call and the model compare with the teacher's, where both are known."""
    student, teacher = evaluation["student"], evaluation.get("teacher") or {}
    parts = []
    for field, verb, unit, show in (
        ("prompt_tokens_mean", "reads", "prompt tokens a call", number),
        ("parameters", "has", "parameters", large),
    ):
        mine, theirs = student.get(field), teacher.get(field)
        if mine is not None and theirs is not None:
            parts.append(f"{verb} {show(mine)} {unit} to the teacher's {show(theirs)}")
    return [f"It {' and '.join(parts)}."] if parts else []
