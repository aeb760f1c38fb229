"""Whether the student can replace its teacher: one sentence with its numbers, and the rule that it follows.

A non-inferiority test on paired differences (Piaggio et al., CONSORT extension, JAMA 2012;308:2594): yes where the
whole 95 % interval of student minus teacher lies above minus the margin, no where all of it lies below, else not
settled. Where curation calibrated the teacher, the student is held against the better of the two readings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.display.wording import difference, interval, share
from pipeline.report.headline import Evaluation

LEAST_ROWS = 30
"""Below this many rows intervals are shown and nothing is ruled."""

Kind = Literal["yes", "no", "open", "withheld", "none"]

SAYS: dict[Kind, str] = {
    "yes": "The student can replace its teacher",
    "no": "The student cannot replace its teacher yet",
    "open": "These rows do not settle whether the student can replace its teacher",
}


@dataclass(slots=True, frozen=True)
class Ruling:
    """The answer, the sentence that gives it, and what it rests on; "" where there is nothing to rest on."""

    kind: Kind
    sentence: str
    basis: str


def rule(evaluation: Evaluation | None, margin: float, error: str | None = None) -> Ruling:
    """The ruling on an evaluation; `error` says why there is none."""
    if not evaluation:
        return Ruling("none", f"Nothing was compared: {error}" if error else "Nothing was compared yet.", "")
    if evaluation.get("student") is None:
        return Ruling("none", "No student was compared.", "")
    if evaluation["student"]["score"] is None:
        return Ruling("none", _unscored(evaluation), "")
    scores = _scores(evaluation)
    withheld = _withheld(evaluation)
    if withheld:
        return Ruling("withheld", f"No verdict, for there are {withheld}: the student {scores}", "")
    found = _difference(evaluation)
    if found is None or found["ci95"] is None:
        return Ruling("none", f"The student {scores}", "")
    kind = _kind(found["ci95"], margin)
    return Ruling(kind, f"{SAYS[kind]}: it {scores}", _basis(evaluation, found, margin))


def opponent(evaluation: Evaluation) -> str | None:
    """The key of the better reading of the teacher; None where there is none."""
    present = [
        name for name in ("teacher", "teacher_calibrated") if (evaluation.get(name) or {}).get("score") is not None
    ]
    return max(present, key=lambda name: float(evaluation[name]["score"]), default=None)


def _difference(evaluation: Evaluation) -> Mapping[str, Any] | None:
    if opponent(evaluation) == "teacher_calibrated":
        return (evaluation.get("against_calibrated") or {}).get("student_minus_teacher")
    return evaluation.get("student_minus_teacher")


def _kind(ci95: Sequence[float], margin: float) -> Kind:
    low, high = ci95
    return "yes" if low > -margin else "no" if high < -margin else "open"


def _withheld(evaluation: Evaluation) -> str | None:
    if evaluation["rows"] < LEAST_ROWS:
        return f"fewer than {LEAST_ROWS} rows"
    return evaluation.get("verdict_withheld")


def _unscored(evaluation: Evaluation) -> str:
    said, agreement = "Nobody has a score, for there is neither gold nor a judge", evaluation.get("agreement")
    if not agreement:
        return f"{said}."
    agrees = f"{share(agreement['value'])} (95 % interval {interval(agreement['ci95'])})"
    return f"{said}: the student agrees with what it was taught on {agrees} of {evaluation['rows']:,} held-out prompts."


def _scores(evaluation: Evaluation) -> str:
    student, other = evaluation["student"], opponent(evaluation)
    said = f"scores {share(student['score'])} (95 % interval {interval(student['ci95'])})"
    if other is not None:
        whose = "its teacher" if other == "teacher" else "its calibrated teacher"
        said += f" where {whose} scores {share(evaluation[other]['score'])} ({interval(evaluation[other]['ci95'])}),"
    return f"{said} on {'the same ' if other else ''}{evaluation['rows']:,} held-out prompts."


def _basis(evaluation: Evaluation, found: Mapping[str, Any], margin: float) -> str:
    whose = "its teacher" if opponent(evaluation) == "teacher" else "its calibrated teacher"
    return (
        "The rule: it can where the whole 95 % interval of the paired difference is above "
        f"{-margin or 0:g} (report.margin), and cannot where all of it is below. "
        f"The difference to {whose} is {difference(dict(found))}."
    )
