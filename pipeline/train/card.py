"""RUN/student/README.md: the model card with what the run knows of the student beyond its training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pipeline.inference.provenance import provenance
from pipeline.run.context import Context
from pipeline.run.counts import TrainCounts
from pipeline.run.evaluation import BASE, CALIBRATED, STUDENT, TEACHER
from pipeline.run.evaluation.contestants import GeneralTask
from pipeline.run.evaluation.costs import ChosenPoint
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.evaluation.file import read_evaluation
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.exports import read_exports
from prompts.errors import InputError
from students.card.facts import MeasuredStudent, Score, read_facts
from students.card.write import write_card

NAMES = {
    STUDENT: "the student",
    BASE: "its base, before training",
    TEACHER: "the teacher",
    CALIBRATED: "the teacher, as curation relabelled it",
}


def write_student_card(context: Context, evaluation: Evaluation | None = None) -> None:
    """Writes the card anew; `evaluation` is what was just measured, else the run's, where it is of this student.

    The card is no part of what names a student's files: exports and later stages stay up to date.
    """
    run, result = context.run, context.manifest.counts(TrainCounts)
    assert result is not None  # its student is there
    measured = None
    if evaluation is None:
        evaluation = _evaluation(context)
    if evaluation is not None:
        measured = measured_of(evaluation)
    facts = read_facts(context.recipe.student, run.kept, result, provenance(context.recipe, run))
    write_card(run.student, replace(facts, measured=measured, gguf=_gguf(context)))


def refresh(context: Context) -> None:
    """Rewrites the model card of a student that is up to date: its purpose and overrides may have changed.

    They are no part of the stage's fingerprint, for they do not change the weights.
    """
    write_student_card(context)


def measured_of(evaluation: Evaluation) -> MeasuredStudent | None:
    """Returns what the evaluation says, for the card; None where it has no score of anybody."""
    scores = tuple(_scores(evaluation))
    if not scores:
        return None
    notes = [_general(name, task) for name, task in evaluation.general.items()]
    if evaluation.cascade is not None and evaluation.cascade.chosen is not None:
        notes.insert(0, _cascade(evaluation.cascade.chosen))
    return MeasuredStudent(evaluation.scorer, evaluation.rows, scores, tuple(notes))


def _scores(evaluation: Evaluation) -> Iterator[Score]:
    summaries = evaluation.contestants
    for name, title in NAMES.items():
        if name in summaries:
            yield from _score(f"score of {title}", summaries[name].score)
    against = evaluation.against_teacher
    yield from _score("student less base", evaluation.student_minus_base)
    yield from _score("student less teacher", against.student_minus_teacher)
    yield from _score("agreement with what it was trained towards", evaluation.agreement)
    yield from _score("retention, student / teacher", against.retention)


def _score(name: str, estimate: Estimate | None) -> Iterator[Score]:
    if estimate is not None:
        yield Score(name, estimate.value, estimate.interval)


def _cascade(chosen: ChosenPoint) -> str:
    return (
        f"Cascade: below a confidence of {chosen.threshold:.4g} the teacher is asked (`stillhouse serve --cascade`); "
        f"that is {chosen.handed_over.value:.1%} of the rows, "
        f"and the two together score {chosen.score.value:.3f}{_within(chosen.score)}."
    )


def _general(name: str, task: GeneralTask) -> str:
    scores = f"{task.student.value:.3f}, its base {task.base.value:.3f}"
    difference = f"{task.difference.value:+.3f}{_within(task.difference)}"
    return f"General ability, `{name}` ({task.metric}, {task.difference.n:,} rows): {scores}, difference {difference}."


def _within(estimate: Estimate) -> str:
    if estimate.interval is None:
        return ""
    low, high = estimate.interval
    return f" (95 % interval {low:.3f} to {high:.3f})"


def _evaluation(context: Context) -> Evaluation | None:
    """Reads the run's, where it was made after the student was."""
    stages = context.manifest.stages
    scored = stages.get("evaluate")
    if scored is None or scored.status != "done" or not context.run.evaluation.exists():
        return None
    # An evaluation of the student before this one: its scores are not this student's.
    if scored.started_at < stages["train"].started_at:
        return None
    try:
        return read_evaluation(context.run)
    except InputError:  # of another version: the card says that the student is to be evaluated, and how
        return None


def _gguf(context: Context) -> str | None:
    """Names the first GGUF export of the recipe that was written."""
    if not context.recipe.exports:
        return None
    for export in read_exports(context.run):
        if export.name.startswith("gguf-") and export.failed is None:
            return f"../{context.run.exports.name}/{export.name}/model.gguf"
    return None
