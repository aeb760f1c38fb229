"""RUN/student/README.md: the model card with what the run knows of the student beyond its training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from pipeline.inference.provenance import provenance
from pipeline.run.context import Context
from pipeline.run.counts import TrainCounts
from pipeline.run.evaluation import BASE, CALIBRATED, STUDENT, TEACHER
from pipeline.run.exports import read_exports
from students.card.facts import MeasuredStudent, Score, read_facts
from students.card.write import write_card

NAMES = {
    STUDENT: "the student",
    BASE: "its base, before training",
    TEACHER: "the teacher",
    CALIBRATED: "the teacher, as curation relabelled it",
}
SHARES = {
    "student_minus_base": "student less base",
    "student_minus_teacher": "student less teacher",
    "agreement": "agreement with what it was trained towards",
}


def write_student_card(context: Context, evaluation: Mapping[str, Any] | None = None) -> None:
    """Writes the card anew; `evaluation` is what was just measured, else the run's, where it is of this student.

    The card is no part of what names a student's files: exports and later stages stay up to date.
    """
    run, result = context.run, context.manifest.counts(TrainCounts)
    assert result is not None  # its student is there
    found = _evaluation(context) if evaluation is None else evaluation
    measured = None if found is None else measured_of(found)
    facts = read_facts(context.recipe.student, run.kept, result, provenance(context.recipe, run))
    write_card(run.student, replace(facts, measured=measured, gguf=_gguf(context)))


def refresh(context: Context) -> None:
    """Rewrites the model card of a student that is up to date: its purpose and overrides may have changed.

    They are no part of the stage's fingerprint, for they do not change the weights.
    """
    write_student_card(context)


def measured_of(evaluation: Mapping[str, Any]) -> MeasuredStudent | None:
    """What evaluation.json says, for the card; None where it has no score of the student."""
    scores = tuple(_scores(evaluation))
    if not scores:
        return None
    notes = (*_cascade(evaluation.get("cascade") or {}), *_general(evaluation.get("general") or {}))
    return MeasuredStudent(str(evaluation["scorer"]), int(evaluation["rows"]), scores, notes)


def _scores(evaluation: Mapping[str, Any]) -> Iterator[Score]:
    for name, says in NAMES.items():
        one = evaluation.get(name) or {}
        if one.get("score") is not None:
            yield Score(f"score of {says}", one["score"], _pair(one.get("ci95")))
    for name, says in SHARES.items():
        one = evaluation.get(name) or {}
        if one.get("value") is not None:
            yield Score(says, one["value"], _pair(one.get("ci95")))
    if evaluation.get("retention") is not None:
        yield Score("retention, student / teacher", evaluation["retention"], _pair(evaluation.get("retention_ci95")))


def _cascade(cascade: Mapping[str, Any]) -> Iterator[str]:
    chosen = cascade.get("chosen")
    if not chosen:
        return
    text = (
        f"Cascade: below a confidence of {chosen['threshold']:.4g} the teacher is asked (`stillhouse serve --cascade`)"
    )
    if chosen.get("handed_over") is not None:
        text += f"; that is {chosen['handed_over']:.1%} of the rows"
    if chosen.get("score") is not None:
        text += f", and the two together score {chosen['score']:.3f}{_within(chosen.get('ci95'))}"
    yield f"{text}."


def _general(general: Mapping[str, Any]) -> Iterator[str]:
    for task, one in general.items():
        scores = f"{one[STUDENT]['value']:.3f}, its base {one[BASE]['value']:.3f}"
        difference = f"{one['difference']['value']:+.3f}{_within(one['difference']['ci95'])}"
        yield f"General ability, `{task}` ({one['metric']}, {one['rows']:,} rows): {scores}, difference {difference}."


def _within(ci95: Any) -> str:
    return "" if ci95 is None else " (95 % interval {:.3f} to {:.3f})".format(*ci95)


def _pair(ci95: Any) -> tuple[float, float] | None:
    return None if ci95 is None else (float(ci95[0]), float(ci95[1]))


def _evaluation(context: Context) -> dict[str, Any] | None:
    """The run's, where it was made after the student was."""
    stages, file = context.manifest.stages, context.run.evaluation
    scored = stages.get("evaluate")
    if scored is None or scored.status != "done" or not file.exists():
        return None
    if scored.started_at < stages["train"].started_at:
        return None
    found: dict[str, Any] = orjson.loads(file.read_bytes())
    return found


def _gguf(context: Context) -> str | None:
    """The first GGUF export of the recipe that was written."""
    exports = read_exports(context.run) if context.recipe.exports else []
    name = next((one.name for one in exports if one.name.startswith("gguf-") and one.failed is None), None)
    return None if name is None else f"../{context.run.exports.name}/{name}/model.gguf"
