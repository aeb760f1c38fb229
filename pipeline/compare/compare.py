"""Several runs' students side by side, each against the first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.compare.entrant import Entrant, Side, check_alike, read_entrant
from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow
from pipeline.evaluate.comparison.compare import too_few
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.evaluate.comparison.summary import summarise
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import Score
from pipeline.run.evaluation import BASE, STUDENT, TEACHER
from pipeline.statistics.auc import Floats
from prompts.errors import InputError


def compare_runs(paths: Sequence[Path]) -> dict[str, Any]:
    """The comparison on the prompts that every run holds out and has a score on.

    InputError for fewer than two runs, one that was not evaluated, scores that mean different things, no prompt in
    common.
    """
    if len(paths) < 2:
        raise InputError("a comparison needs two runs or more", remedy="stillhouse compare RUN RUN ...")
    entrants = [read_entrant(path, name) for path, name in zip(paths, _names(paths), strict=True)]
    check_alike(entrants)
    shared = _shared(entrants)
    resampling = Resampling([_row(entrants, prompt_id) for prompt_id in shared], Evaluate())
    first = resampling.mean(_values(entrants[0].student, shared))
    return {
        "scorer": entrants[0].scoring["scorer"],
        "scoring": dict(entrants[0].scoring),
        "first": entrants[0].name,
        "rows": len(shared),
        "groups": resampling.bootstrap.groups,
        "verdict_withheld": too_few(resampling),
        "runs": {one.name: _run(one, shared, resampling, None if one is entrants[0] else first) for one in entrants},
        "differing": [name for name in (TEACHER, BASE) if _differ(name, entrants, shared)],
    }


def _run(one: Entrant, shared: Sequence[str], resampling: Resampling, first: Floats | None) -> dict[str, Any]:
    """A run's student, its difference to the first run's, and under `others` its base and teacher."""
    mean = resampling.mean(_values(one.student, shared))
    return {
        **_summary(STUDENT, one.student, shared, resampling),
        "minus_first": None if first is None else resampling.difference(mean, first),
        "others": {name: _summary(name, side, shared, resampling) for name, side in _others(one, shared).items()},
        "left_out": len(one.student.answers) - len(shared),
        "path": str(one.path),
    }


def _names(paths: Sequence[Path]) -> list[str]:
    """The directories' names where these tell them apart, else their paths; InputError for one given twice."""
    whole = [str(path) for path in paths]
    if twice := next((name for name in whole if whole.count(name) > 1), None):
        raise InputError("is named twice", path=twice, remedy="Give each run once")
    short = [path.resolve().name for path in paths]
    return [name if short.count(name) == 1 else path for name, path in zip(short, whole, strict=True)]


def _shared(entrants: Sequence[Entrant]) -> list[str]:
    scored = [
        {prompt_id for prompt_id, one in entrant.student.answers.items() if one.values["score"] is not None}
        for entrant in entrants
    ]
    shared = sorted(set.intersection(*scored))
    if not shared:
        paths = ", ".join(str(one.path) for one in entrants)
        remedy = "A prompt is the same only where template and fields are; hold out with one curate.split.seed"
        raise InputError(f"no prompt is held out and scored in all of {paths}", remedy=remedy)
    return shared


def _row(entrants: Sequence[Entrant], prompt_id: str) -> HeldoutRow:
    """What the bootstrap needs to know of a prompt: its group, by the first run."""
    found = entrants[0].student.answers[prompt_id]
    return HeldoutRow(prompt_id, found.values["gold"], (), (), found.answer, "", group=found.values["group"])


def _others(one: Entrant, shared: Sequence[str]) -> dict[str, Side]:
    """The run's base and teacher, where they have answered all that is compared."""
    return {
        name: side
        for name, side in one.sides.items()
        if name != STUDENT and all(prompt_id in side.answers for prompt_id in shared)
    }


def _differ(name: str, entrants: Sequence[Entrant], shared: Sequence[str]) -> bool:
    """Whether the runs' teachers, or their bases, said different things: where they did not, one line says it all."""
    sides = [_others(one, shared).get(name) for one in entrants]
    said = {tuple(side.answers[prompt_id].values["text"] for prompt_id in shared) for side in sides if side is not None}
    return len(said) > 1


def _summary(name: str, side: Side, shared: Sequence[str], resampling: Resampling) -> dict[str, Any]:
    """No score where one of the answers has none: it would not be over the same prompts."""
    found = [side.answers[prompt_id] for prompt_id in shared]
    one = Contestant(name, found[0].values["spec"], tuple(said.answer for said in found), side.size)
    if any(said.values["score"] is None for said in found):
        return summarise(one, None, None, resampling)
    scores = [Score(float(said.values["score"]), bool(said.values["valid"])) for said in found]
    return summarise(one, scores, resampling.mean(_values(side, shared)), resampling)


def _values(side: Side, shared: Sequence[str]) -> list[float]:
    """The scores, of a side that has them all."""
    return [float(side.answers[prompt_id].values["score"]) for prompt_id in shared]
