"""One of the compared: a run's student, its base and its teacher, read from what its evaluation left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pipeline.evaluate.answers.size import HOSTED, Size
from pipeline.evaluate.answers.table import Answered, read_answers
from pipeline.run.directory import RunDir
from pipeline.run.evaluation import BASE, STUDENT, TEACHER
from pipeline.run.evaluation.contestants import Summary
from pipeline.run.evaluation.file import read_evaluation
from pipeline.run.evaluation.record import Evaluation
from prompts.errors import InputError


@dataclass(slots=True, frozen=True)
class Side:
    """One of a run's contestants, with its answers."""

    answers: Mapping[str, Answered]
    """By prompt id."""
    size: Size

    def on(self, prompts: Sequence[str]) -> list[Answered]:
        """Returns its answers to these prompts, in their order."""
        return [self.answers[prompt_id] for prompt_id in prompts]

    def has_all(self, prompts: Sequence[str]) -> bool:
        """Tells whether it answered all of them."""
        return all(prompt_id in self.answers for prompt_id in prompts)

    def texts(self, prompts: Sequence[str]) -> tuple[str, ...]:
        """Returns what it said to each."""
        return tuple(answered.values["text"] for answered in self.on(prompts))


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
        """The side that is compared."""
        return self.sides[STUDENT]


def read_entrant(path: Path, name: str) -> Entrant:
    """Reads what the evaluation of RUN left; InputError where there was none, or it has no scores."""
    run = RunDir(path)
    evaluation = read_evaluation(run)
    summaries = evaluation.contestants
    answers: dict[str, dict[str, Answered]] = {TEACHER: {}, BASE: {}, STUDENT: {}}
    for answered in read_answers(run.answers):
        contestant = answered.values["contestant"]
        if contestant in answers:
            answers[contestant][answered.values["prompt_id"]] = answered
    if not answers[STUDENT] or STUDENT not in summaries or summaries[STUDENT].score is None:
        raise InputError("has no score of a student", path=path, remedy="It needs gold answers, or a judge that scores")
    sides = {}
    for contestant, by_prompt in answers.items():
        if by_prompt:
            sides[contestant] = Side(by_prompt, _size(summaries.get(contestant)))
    return Entrant(name, path, _scoring(evaluation), sides)


def check_alike(entrants: Sequence[Entrant]) -> None:
    """Raises InputError where scores mean different things: another scorer, or the same with other settings."""
    first = entrants[0]
    for other in entrants[1:]:
        problem = _unlike(other.scoring, first.scoring, first.path)
        if problem is not None:
            remedy = "Evaluate both with the same settings; an edited scorer asks the students nothing again"
            raise InputError(problem, path=other.path, field="evaluate", remedy=remedy)


def _unlike(mine: Mapping[str, Any], theirs: Mapping[str, Any], their_path: Path) -> str | None:
    if mine["scorer"] != theirs["scorer"]:
        return f"was scored by '{mine['scorer']}', and {their_path} by '{theirs['scorer']}'"
    differing = []
    for name, value in mine.items():
        if value != theirs.get(name):
            differing.append(f"{name} {_word(value)}, not {_word(theirs.get(name))}")
    if not differing:
        return None
    return f"was scored by another '{mine['scorer']}' than {their_path}: {'; '.join(differing)}"


def _size(summary: Summary | None) -> Size:
    if summary is None:
        return HOSTED
    return Size(summary.parameters, summary.bytes)


def _scoring(evaluation: Evaluation) -> dict[str, Any]:
    """Returns the scorer and its settings; of a judge the teacher too, whose replies everyone's are compared with."""
    scoring = dict(evaluation.scoring)
    if evaluation.judge is not None and evaluation.teacher is not None:
        scoring["teacher"] = evaluation.teacher.spec
    return scoring


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
