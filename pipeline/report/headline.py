"""The numbers in words, and no more than they say."""

from __future__ import annotations

from pipeline.display.wording import large, number, share, signed
from pipeline.run.evaluation import BASE, CALIBRATED, STUDENT, TEACHER
from pipeline.run.evaluation.contestants import Summary
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.evaluation.record import Evaluation

UNDEFINED_GAP = "not defined: the teacher does not clearly lead the base"

TITLES = {
    TEACHER: "teacher",
    CALIBRATED: "calibrated teacher",
    BASE: "base",
    STUDENT: "student",
}
"""The contestants as they are shown, in that order."""


def headline(evaluation: Evaluation) -> str:
    """Says in one or two sentences how the student stands, and what it costs to ask."""
    student = evaluation.student
    if student is None:
        return "No student was compared."
    if student.score is None:
        return f"Nobody was scored on the {evaluation.rows} held-out prompts: there is neither gold nor a judge."
    lead = f"The student scores {share(student.score.value)} on {evaluation.rows} held-out prompts"
    standings = [_standing(name, difference) for name, difference in differences(evaluation).items()]
    if standings:
        lead += f": {_join(standings)}"
    return " ".join([f"{lead}.", *_economy(student, evaluation.teacher)])


def differences(evaluation: Evaluation) -> dict[str, Estimate]:
    """Returns every paired difference there is, by what the student is compared with."""
    named = {
        "its base": evaluation.student_minus_base,
        "its teacher": evaluation.against_teacher.student_minus_teacher,
    }
    if evaluation.against_calibrated is not None:
        named["its calibrated teacher"] = evaluation.against_calibrated.student_minus_teacher
    return {name: estimate for name, estimate in named.items() if estimate is not None}


def _join(parts: list[str]) -> str:
    *first, last = parts
    if not first:
        return last
    return f"{', '.join(first)} and {last}"


def _standing(name: str, difference: Estimate) -> str:
    # Without an interval nothing is known, and a difference of scores is from -1 to 1.
    low, high = difference.interval or (-1.0, 1.0)
    if low > 0:
        return f"{share(abs(difference.value))} above {name}"
    if high < 0:
        return f"{share(abs(difference.value))} below {name}"
    return f"not told apart from {name} ({signed(difference.value)})"


def _economy(student: Summary, teacher: Summary | None) -> list[str]:
    """Says how a call and the model compare with the teacher's, where both are known."""
    if teacher is None:
        return []
    parts = []
    mine, theirs = student.prompt_tokens_mean, teacher.prompt_tokens_mean
    if mine is not None and theirs is not None:
        parts.append(f"reads {number(mine.value)} prompt tokens a call to the teacher's {number(theirs.value)}")
    if student.parameters is not None and teacher.parameters is not None:
        parts.append(f"has {large(student.parameters)} parameters to the teacher's {large(teacher.parameters)}")
    if not parts:
        return []
    return [f"It {' and '.join(parts)}."]
