"""Several runs' students side by side, each against the first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.compare.entrant import Entrant, check_alike, read_entrant
from pipeline.evaluate.basis import Basis
from pipeline.evaluate.compare import FEWEST_ROWS
from pipeline.evaluate.config import Evaluate
from pipeline.evaluate.contestants import Contestant, Row
from pipeline.evaluate.scorers import Score
from pipeline.evaluate.size import Size
from pipeline.evaluate.summary import summarise
from prompts.errors import InputError


def compare_runs(paths: Sequence[Path]) -> dict[str, Any]:
    """The comparison on the prompts that every run holds out and has a score on.

    InputError for fewer than two runs, one that was not evaluated, scores by different scorers, no prompt in common.
    """
    if len(paths) < 2:
        raise InputError("a comparison needs two runs or more", remedy="stillhouse compare RUN RUN ...")
    entrants = [read_entrant(path, name) for path, name in zip(paths, _names(paths), strict=True)]
    check_alike(entrants)
    shared = _shared(entrants)
    basis = Basis([_row(entrants, prompt_id) for prompt_id in shared], Evaluate())
    scores = {one.name: [_score(one, prompt_id) for prompt_id in shared] for one in entrants}
    means = {name: basis.mean([score.value for score in column]) for name, column in scores.items()}
    first = entrants[0].name
    return {
        "scorer": entrants[0].scorer,
        "first": first,
        "rows": len(shared),
        "groups": basis.bootstrap.groups,
        "verdict_withheld": f"fewer than {FEWEST_ROWS} rows" if len(shared) < FEWEST_ROWS else None,
        "runs": {
            one.name: {
                **summarise(_contestant(one, shared), scores[one.name], means[one.name], basis),
                "minus_first": None if one.name == first else basis.difference(means[one.name], means[first]),
                "left_out": len(one.answers) - len(shared),
                "path": str(one.path),
            }
            for one in entrants
        },
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
        {prompt_id for prompt_id, one in entrant.answers.items() if one.values["score"] is not None}
        for entrant in entrants
    ]
    shared = sorted(set.intersection(*scored))
    if not shared:
        paths = ", ".join(str(one.path) for one in entrants)
        remedy = "A prompt is the same only where template and fields are; hold out with one curate.split.seed"
        raise InputError(f"no prompt is held out and scored in all of {paths}", remedy=remedy)
    return shared


def _row(entrants: Sequence[Entrant], prompt_id: str) -> Row:
    """What the bootstrap needs to know of a prompt: its group, by the first run."""
    found = entrants[0].answers[prompt_id]
    return Row(prompt_id, found.values["gold"], (), (), found.answer, "", group=found.values["group"])


def _score(one: Entrant, prompt_id: str) -> Score:
    values = one.answers[prompt_id].values
    return Score(float(values["score"]), bool(values["valid"]))


def _contestant(one: Entrant, shared: Sequence[str]) -> Contestant:
    answers = tuple(one.answers[prompt_id].answer for prompt_id in shared)
    spec = one.answers[shared[0]].values["spec"]
    return Contestant(one.name, spec, answers, Size(one.parameters, one.bytes))
