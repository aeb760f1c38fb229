"""The student's standing to the others: differences, retention, gap, agreement, with their intervals."""

from __future__ import annotations

from pipeline.display.wording import number
from pipeline.report.estimates import difference, ratio
from pipeline.report.headline import UNDEFINED_GAP, differences
from pipeline.run.evaluation.contestants import Standing
from pipeline.run.evaluation.record import Evaluation


def relation_lines(evaluation: Evaluation) -> dict[str, str]:
    """Returns name -> text of each number of the student against another."""
    lines = {f"student against {name}": difference(estimate) for name, estimate in differences(evaluation).items()}
    return lines | ratio_lines(evaluation)


def ratio_lines(evaluation: Evaluation) -> dict[str, str]:
    """Returns the same without the differences, which the page draws."""
    lines = _standing(evaluation.against_teacher, "")
    if evaluation.against_calibrated is not None:
        lines |= _standing(evaluation.against_calibrated, ", calibrated teacher")
    if evaluation.agreement is not None:
        lines["agreement with what it was taught"] = ratio(evaluation.agreement)
    kl = evaluation.kl_from_teacher
    if kl is not None:
        lines["KL from the teacher, nats"] = f"{ratio(kl)}, {number(kl.n)} rows"
    return lines


def _standing(standing: Standing, which: str) -> dict[str, str]:
    gap = UNDEFINED_GAP
    if standing.gap_recovered is not None:
        gap = ratio(standing.gap_recovered)
    return {f"retention{which}": ratio(standing.retention), f"gap recovered{which}": gap}
