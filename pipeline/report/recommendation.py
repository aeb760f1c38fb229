"""The advice on replacing the teacher: one sentence with its numbers, and the rule that it follows.

A non-inferiority test on paired differences (Piaggio et al., CONSORT extension, JAMA 2012;308:2594): yes where the
whole 95 % interval of student minus teacher lies above minus the margin, no where all of it lies below, else not
settled. Where curation calibrated the teacher, the student is held against the better of the two readings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.display.wording import interval, share
from pipeline.report.estimates import difference
from pipeline.run.evaluation.estimate import Estimate, Interval
from pipeline.run.evaluation.record import Evaluation

LEAST_ROWS = 30
"""Below this many rows intervals are shown and nothing is recommended."""

Kind = Literal["yes", "no", "open", "withheld", "none"]

SAYS: dict[Kind, str] = {
    "yes": "The student can replace its teacher",
    "no": "The student cannot replace its teacher yet",
    "open": "These rows do not settle whether the student can replace its teacher",
}


@dataclass(slots=True, frozen=True)
class Recommendation:
    """The answer, the sentence that gives it, and what it rests on; "" where there is nothing to rest on."""

    kind: Kind
    sentence: str
    basis: str = ""


@dataclass(slots=True, frozen=True)
class Opponent:
    """The reading of the teacher that the student is held against."""

    whose: str
    score: Estimate
    student_minus: Estimate | None
    """The student's score less its own, paired."""


def recommend(evaluation: Evaluation | None, margin: float, error: str | None = None) -> Recommendation:
    """Applies the rule to an evaluation; `error` says why there is none."""
    if evaluation is None:
        if error:
            return Recommendation("none", f"Nothing was compared: {error}")
        return Recommendation("none", "Nothing was compared yet.")
    if evaluation.student is None:
        return Recommendation("none", "No student was compared.")
    score = evaluation.student.score
    if score is None:
        return Recommendation("none", _unscored(evaluation))
    opponent = find_opponent(evaluation)
    scores = _scores(score, opponent, evaluation.rows)
    withheld = _withheld(evaluation)
    if withheld is not None:
        return Recommendation("withheld", f"No verdict, for there are {withheld}: the student {scores}")
    if opponent is None or opponent.student_minus is None or opponent.student_minus.interval is None:
        return Recommendation("none", f"The student {scores}")
    kind = _kind(opponent.student_minus.interval, margin)
    return Recommendation(kind, f"{SAYS[kind]}: it {scores}", _basis(opponent, margin))


def find_opponent(evaluation: Evaluation) -> Opponent | None:
    """Returns the better reading of the teacher; None where none has a score."""
    opponents = []
    if evaluation.teacher is not None and evaluation.teacher.score is not None:
        against = evaluation.against_teacher
        opponents.append(Opponent("its teacher", evaluation.teacher.score, against.student_minus_teacher))
    calibrated, standing = evaluation.teacher_calibrated, evaluation.against_calibrated
    if calibrated is not None and calibrated.score is not None and standing is not None:
        opponents.append(Opponent("its calibrated teacher", calibrated.score, standing.student_minus_teacher))
    # The better one: a student that matches only a badly read teacher replaces nothing.
    return max(opponents, key=lambda opponent: opponent.score.value, default=None)


def _kind(ci95: Interval, margin: float) -> Kind:
    low, high = ci95
    # Strictly: an interval that ends at the margin itself does not settle it.
    if low > -margin:
        return "yes"
    if high < -margin:
        return "no"
    return "open"


def _withheld(evaluation: Evaluation) -> str | None:
    if evaluation.rows < LEAST_ROWS:
        return f"fewer than {LEAST_ROWS} rows"
    return evaluation.verdict_withheld


def _unscored(evaluation: Evaluation) -> str:
    nobody, agreement = "Nobody has a score, for there is neither gold nor a judge", evaluation.agreement
    if agreement is None:
        return f"{nobody}."
    agrees = f"{share(agreement.value)} (95 % interval {interval(agreement.interval)})"
    return f"{nobody}: the student agrees with what it was taught on {agrees} of {evaluation.rows:,} held-out prompts."


def _scores(score: Estimate, opponent: Opponent | None, rows: int) -> str:
    mine = f"scores {share(score.value)} (95 % interval {interval(score.interval)})"
    if opponent is None:
        return f"{mine} on {rows:,} held-out prompts."
    theirs = f"{opponent.whose} scores {share(opponent.score.value)} ({interval(opponent.score.interval)})"
    return f"{mine} where {theirs}, on the same {rows:,} held-out prompts."


def _basis(opponent: Opponent, margin: float) -> str:
    return (
        "The rule: it can where the whole 95 % interval of the paired difference is above "
        f"{-margin or 0:g} (report.margin), and cannot where all of it is below. "
        f"The difference to {opponent.whose} is {difference(opponent.student_minus)}."
    )
