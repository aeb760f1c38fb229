"""Several runs' students side by side, each against the first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.compare.comparison import ComparedRun, RunComparison
from pipeline.compare.entrant import Entrant, Side, check_alike, read_entrant
from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow
from pipeline.evaluate.comparison.compare import too_few
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.evaluate.comparison.summary import summarise
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import Score
from pipeline.run.evaluation import BASE, STUDENT, TEACHER
from pipeline.run.evaluation.contestants import Summary
from prompts.errors import InputError


def compare_runs(paths: Sequence[Path]) -> RunComparison:
    """Compares the students on the prompts that every run holds out and has a score on.

    InputError for fewer than two runs, one that was not evaluated, scores that mean different things, no prompt in
    common.
    """
    if len(paths) < 2:
        raise InputError("a comparison needs two runs or more", remedy="stillhouse compare RUN RUN ...")
    entrants = [read_entrant(path, name) for path, name in zip(paths, _names(paths), strict=True)]
    check_alike(entrants)
    first = entrants[0]
    shared = _shared(entrants)
    # Its own seed and resamples, whatever the runs' are: all are resampled alike.
    resampling = Resampling([_row(first, prompt_id) for prompt_id in shared], Evaluate())
    return RunComparison(
        scorer=first.scoring["scorer"],
        scoring=first.scoring,
        first=first.name,
        rows=len(shared),
        groups=resampling.bootstrap.groups,
        verdict_withheld=too_few(resampling),
        runs={entrant.name: _run(entrant, first, shared, resampling) for entrant in entrants},
        differing=tuple(name for name in (TEACHER, BASE) if _differ(name, entrants, shared)),
    )


def _run(entrant: Entrant, first: Entrant, shared: Sequence[str], resampling: Resampling) -> ComparedRun:
    minus_first = None
    if entrant is not first:
        mine = resampling.mean(_values(entrant.student, shared))
        theirs = resampling.mean(_values(first.student, shared))
        minus_first = resampling.difference(mine, theirs)
    others = _others(entrant, shared)
    return ComparedRun(
        path=str(entrant.path),
        student=_summary(STUDENT, entrant.student, shared, resampling),
        minus_first=minus_first,
        others={name: _summary(name, side, shared, resampling) for name, side in others.items()},
        left_out=len(entrant.student.answers) - len(shared),
    )


def _names(paths: Sequence[Path]) -> list[str]:
    """Names the runs by their directories where these tell them apart, else by their paths.

    InputError for a run that is given twice.
    """
    whole = [str(path) for path in paths]
    for name in whole:
        if whole.count(name) > 1:
            raise InputError("is named twice", path=name, remedy="Give each run once")
    short = [path.resolve().name for path in paths]
    return [name if short.count(name) == 1 else path for name, path in zip(short, whole, strict=True)]


def _shared(entrants: Sequence[Entrant]) -> list[str]:
    """Returns the prompts that every run's student has a score on."""
    scored = [_scored(entrant.student) for entrant in entrants]
    shared = sorted(set.intersection(*scored))
    if not shared:
        paths = ", ".join(str(entrant.path) for entrant in entrants)
        remedy = "A prompt is the same only where template and fields are; hold out with one curate.split.seed"
        raise InputError(f"no prompt is held out and scored in all of {paths}", remedy=remedy)
    return shared


def _scored(side: Side) -> set[str]:
    return {prompt_id for prompt_id, answered in side.answers.items() if answered.values["score"] is not None}


def _row(first: Entrant, prompt_id: str) -> HeldoutRow:
    """Returns what the bootstrap needs to know of a prompt: its group, by the first run."""
    answered = first.student.answers[prompt_id]
    return HeldoutRow(prompt_id, answered.values["gold"], (), (), answered.answer, "", group=answered.values["group"])


def _others(entrant: Entrant, shared: Sequence[str]) -> dict[str, Side]:
    """Returns the run's base and teacher, where they have answered all that is compared."""
    others = {}
    for name, side in entrant.sides.items():
        # A teacher that failed on one of them would be compared on other prompts than the student.
        if name != STUDENT and side.has_all(shared):
            others[name] = side
    return others


def _differ(name: str, entrants: Sequence[Entrant], shared: Sequence[str]) -> bool:
    """Says whether the runs' teachers, or their bases, answered differently.

    Where they did not, one line says it all.
    """
    texts = set()
    for entrant in entrants:
        side = _others(entrant, shared).get(name)
        if side is not None:
            texts.add(side.texts(shared))
    return len(texts) > 1


def _summary(name: str, side: Side, shared: Sequence[str], resampling: Resampling) -> Summary:
    """Summarises a side. It has no score where one of the answers has none: that would not be over the same prompts."""
    answered = side.on(shared)
    answers = tuple(answered_row.answer for answered_row in answered)
    contestant = Contestant(name, answered[0].values["spec"], answers, side.size)
    scores = []
    for answered_row in answered:
        if answered_row.values["score"] is None:
            return summarise(contestant, None, None, resampling)
        scores.append(Score(float(answered_row.values["score"]), bool(answered_row.values["valid"])))
    return summarise(contestant, scores, resampling.mean(_values(side, shared)), resampling)


def _values(side: Side, shared: Sequence[str]) -> list[float]:
    """Returns the scores, of a side that has them all."""
    return [float(answered.values["score"]) for answered in side.on(shared)]
