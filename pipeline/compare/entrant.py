"""One of the compared: a run's student, read from what its evaluation left. Nobody is asked anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pipeline.evaluate.answers import Answered, read_answers
from pipeline.evaluate.contestants import STUDENT
from pipeline.run import RunDir
from prompts.errors import InputError


@dataclass(slots=True, frozen=True)
class Entrant:
    """A run's student."""

    name: str
    path: Path
    scorer: str
    answers: Mapping[str, Answered]
    """By prompt id."""
    parameters: int | None
    bytes: int | None


def read_entrant(path: Path, name: str) -> Entrant:
    """Reads what the evaluation of RUN left; InputError where there was none, or it has no scores."""
    run = RunDir(path)
    try:
        evaluation: dict[str, Any] = orjson.loads(run.evaluation.read_bytes())
    except FileNotFoundError:
        raise InputError("was not evaluated", path=path, remedy="Run 'stillhouse evaluate' on it first") from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error}", path=run.evaluation, remedy="Evaluate the run again") from error
    answers = {one.values["prompt_id"]: one for one in read_answers(run.answers, STUDENT)}
    student = evaluation.get(STUDENT) or {}
    if not answers or student.get("score") is None:
        raise InputError("has no score of a student", path=path, remedy="It needs gold answers, or a judge that scores")
    size = student.get("parameters"), student.get("bytes")
    return Entrant(name, path, str(evaluation["scorer"]), answers, *size)


def check_alike(entrants: list[Entrant]) -> None:
    """InputError where scores mean different things."""
    first = entrants[0]
    for other in entrants[1:]:
        if other.scorer != first.scorer:
            problem = f"was scored by '{other.scorer}', and {first.path} by '{first.scorer}'"
            remedy = "Evaluate both with one evaluate.scorer; an edited scorer asks the students nothing again"
            raise InputError(problem, path=other.path, remedy=remedy)
