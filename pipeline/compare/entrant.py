"""One of the compared: a run's student, its base and its teacher, read from what its evaluation left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pipeline.evaluate.answers.size import Size
from pipeline.evaluate.answers.table import Answered, read_answers
from pipeline.run.directory import RunDir
from pipeline.run.evaluation import BASE, STUDENT, TEACHER
from prompts.errors import InputError


@dataclass(slots=True, frozen=True)
class Side:
    """What one of a run's contestants said."""

    answers: Mapping[str, Answered]
    """By prompt id."""
    size: Size


@dataclass(slots=True, frozen=True)
class Entrant:
    """A run."""

    name: str
    path: Path
    scoring: Mapping[str, Any]
    """The scorer and its settings."""
    sides: Mapping[str, Side]
    """The student, and of base and teacher those that answered."""

    @property
    def student(self) -> Side:
        """What is compared."""
        return self.sides[STUDENT]


def read_entrant(path: Path, name: str) -> Entrant:
    """Reads what the evaluation of RUN left; InputError where there was none, or it has no scores."""
    run = RunDir(path)
    try:
        evaluation: dict[str, Any] = orjson.loads(run.evaluation.read_bytes())
    except FileNotFoundError:
        raise InputError("was not evaluated", path=path, remedy="Run 'stillhouse evaluate' on it first") from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error}", path=run.evaluation, remedy="Evaluate the run again") from error
    said: dict[str, dict[str, Answered]] = {TEACHER: {}, BASE: {}, STUDENT: {}}
    for one in read_answers(run.answers):
        if one.values["contestant"] in said:
            said[one.values["contestant"]][one.values["prompt_id"]] = one
    if not said[STUDENT] or (evaluation.get(STUDENT) or {}).get("score") is None:
        raise InputError("has no score of a student", path=path, remedy="It needs gold answers, or a judge that scores")
    sides = {name: Side(answers, _size(evaluation, name)) for name, answers in said.items() if answers}
    return Entrant(name, path, _scoring(evaluation), sides)


def check_alike(entrants: Sequence[Entrant]) -> None:
    """InputError where scores mean different things: another scorer, or the same with other settings."""
    first = entrants[0]
    for other in entrants[1:]:
        mine, theirs = other.scoring, first.scoring
        if mine["scorer"] != theirs["scorer"]:
            problem = f"was scored by '{mine['scorer']}', and {first.path} by '{theirs['scorer']}'"
        elif differing := [name for name in mine if name in theirs and mine[name] != theirs[name]]:
            told = "; ".join(f"{name} {_word(mine[name])}, not {_word(theirs[name])}" for name in differing)
            problem = f"was scored by another '{mine['scorer']}' than {first.path}: {told}"
        else:
            continue
        remedy = "Evaluate both with the same settings; an edited scorer asks the students nothing again"
        raise InputError(problem, path=other.path, field="evaluate", remedy=remedy)


def _size(evaluation: Mapping[str, Any], side: str) -> Size:
    found = evaluation.get(side) or {}
    return Size(found.get("parameters"), found.get("bytes"))


def _scoring(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """With a judge, the teacher too: its replies are what everyone's are compared with."""
    found = evaluation.get("scoring") or {"scorer": evaluation["scorer"]}
    teacher = (evaluation.get(TEACHER) or {}).get("spec")
    return {**found, "teacher": teacher} if found["scorer"] == "judge" else found


def _word(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
