"""Earlier runs' students on the prompts that this run holds out too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow
from pipeline.evaluate.answers.readings import read_labels
from pipeline.evaluate.answers.table import read_answers
from pipeline.evaluate.comparison.compare import describe
from pipeline.evaluate.comparison.differences import difference
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.evaluate.comparison.scores import mark, pick
from pipeline.judge.pairwise import AskAll
from pipeline.recipe.evaluate import Evaluate
from pipeline.run.evaluation import STUDENT
from prompts.errors import InputError

EARLIER = "earlier"


def compare_earlier(
    rows: Sequence[HeldoutRow], contestants: Sequence[Contestant], config: Evaluate, ask: AskAll | None
) -> dict[str, Any]:
    """Run's name -> its student's numbers by this recipe's scorer, and its paired difference to this student.

    InputError where a run has no prompt in common with this one.
    """
    return {name: _compare(path, rows, contestants, config, ask) for name, path in _named(config.against).items()}


def _named(paths: Sequence[Path]) -> dict[str, Path]:
    """By the directory's name, where no other has it."""
    names = [path.name for path in paths]
    return {path.name if names.count(path.name) == 1 else str(path): path for path in paths}


def _compare(
    path: Path, rows: Sequence[HeldoutRow], contestants: Sequence[Contestant], config: Evaluate, ask: AskAll | None
) -> dict[str, Any]:
    found = {one.values["prompt_id"]: one for one in read_answers(path / "answers.parquet", STUDENT)}
    places = [place for place, row in enumerate(rows) if row.prompt_id in found]
    if not places:
        remedy = "A prompt is the same only where template and fields are"
        raise InputError("has no held-out prompt of this run", path=path, field="evaluate.against", remedy=remedy)
    both = pick(rows, places)
    said = tuple(read_labels(found[row.prompt_id].answer, config.labels) for row in both)
    spec = next(iter(found.values())).values["spec"]
    others = [Contestant(one.name, one.spec, tuple(pick(one.answers, places)), one.size) for one in contestants]
    everyone = [*others, Contestant(EARLIER, spec, said)]
    marks = mark(both, everyone, config, ask)
    counted = marks.counted(both)
    resampling, marks = Resampling(pick(both, counted), config), marks.only(counted)
    scores = {name: resampling.mean([score.value for score in column]) for name, column in marks.scores.items()}
    one = Contestant(EARLIER, spec, tuple(pick(said, counted)))
    return {
        **describe(one, resampling, marks, scores, config.to_scorer(), config),
        "minus_student": difference(resampling, scores, EARLIER, STUDENT),
        "rows": len(places),
        "left_out": {"not_in_that_run": len(rows) - len(places), "not_in_this_run": len(found) - len(places)},
    }
