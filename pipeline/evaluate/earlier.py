"""Earlier runs' students on the prompts that this run holds out too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow
from pipeline.evaluate.answers.readings import read_labels
from pipeline.evaluate.answers.table import read_answers
from pipeline.evaluate.comparison.compare import describe
from pipeline.evaluate.comparison.differences import difference
from pipeline.evaluate.comparison.rows import ComparedRows
from pipeline.evaluate.comparison.scores import pick, score_everyone
from pipeline.judge.pairwise import AskAll
from pipeline.recipe.evaluate import Evaluate
from pipeline.run.evaluation import STUDENT
from pipeline.run.evaluation.contestants import EarlierRun
from prompts.errors import InputError

EARLIER = "earlier"


def compare_earlier(
    rows: Sequence[HeldoutRow], contestants: Sequence[Contestant], config: Evaluate, ask: AskAll | None
) -> dict[str, EarlierRun]:
    """Returns run's name -> its student's numbers by this recipe's scorer.

    InputError where a run has no prompt in common with this one.
    """
    return {name: _compare(path, rows, contestants, config, ask) for name, path in _named(config.against).items()}


def _named(paths: Sequence[Path]) -> dict[str, Path]:
    """Names each by its directory, or by its whole path where another is called the same."""
    names = [path.name for path in paths]
    return {path.name if names.count(path.name) == 1 else str(path): path for path in paths}


def _compare(
    path: Path, rows: Sequence[HeldoutRow], contestants: Sequence[Contestant], config: Evaluate, ask: AskAll | None
) -> EarlierRun:
    theirs = {answered.values["prompt_id"]: answered for answered in read_answers(path / "answers.parquet", STUDENT)}
    places = [place for place, row in enumerate(rows) if row.prompt_id in theirs]
    if not places:
        remedy = "A prompt is the same only where template and fields are"
        raise InputError("has no held-out prompt of this run", path=path, field="evaluate.against", remedy=remedy)
    shared = pick(rows, places)
    answers = tuple(read_labels(theirs[row.prompt_id].answer, config.labels) for row in shared)
    earlier = Contestant(EARLIER, next(iter(theirs.values())).values["spec"], answers)
    # Scored again with the earlier student beside them: a row that the scorer fails on leaves for all alike.
    others = [replace(contestant, answers=tuple(pick(contestant.answers, places))) for contestant in contestants]
    scores = score_everyone(shared, [*others, earlier], config, ask)
    compared = ComparedRows.of(shared, scores, config)
    return EarlierRun(
        rows=len(places),
        left_out={"not_in_that_run": len(rows) - len(places), "not_in_this_run": len(theirs) - len(places)},
        summary=describe(compared.answers_of(earlier), compared),
        minus_student=difference(compared.resampling, compared.means, EARLIER, STUDENT),
    )
