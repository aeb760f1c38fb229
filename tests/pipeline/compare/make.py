"""Runs that were evaluated, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.evaluate.answers.contestants import Contestant
from pipeline.evaluate.answers.size import Size
from pipeline.evaluate.answers.table import write_answers
from pipeline.evaluate.comparison.scores import score_everyone
from pipeline.judge.pairwise import AskAll
from pipeline.recipe.evaluate import Evaluate
from pipeline.run.directory import RunDir
from pipeline.run.evaluation import STUDENT
from pipeline.run.evaluation.file import write_evaluation
from tests.pipeline.evaluate.make import LABELS, compared, contestant, row


def evaluated(
    folder: Path,
    right: int,
    *,
    first: int = 0,
    count: int = 40,
    config: Evaluate = LABELS,
    others: Sequence[Contestant] = (),
    ask: AskAll | None = None,
) -> Path:
    """A run that holds out rows `first` to `first + count`, whose student is right on the first `right` of all rows."""
    rows = [row(f"row {place:02}") for place in range(first, first + count)]
    said = ["spam" if place < right else "ham" for place in range(first, first + count)]
    students = [*others, contestant(STUDENT, said, size=Size(10, 40))]
    scores, run = score_everyone(rows, students, config, ask), RunDir(folder)
    folder.mkdir(parents=True)
    write_answers(run.answers, rows, students, scores.columns, {})
    write_evaluation(run, compared(rows, students, config, scores=scores))
    return folder
