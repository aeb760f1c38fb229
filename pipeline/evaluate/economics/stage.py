"""The evaluate stage's last part: what it all costs, and where the student had better hand over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow
from pipeline.evaluate.cascade.curve import Rows
from pipeline.evaluate.cascade.measure import measure_cascade, nothing_chosen
from pipeline.evaluate.comparison.scores import Scores, pick
from pipeline.evaluate.economics.assemble import Facts, assemble, call_usd
from pipeline.evaluate.economics.load import Load, LoadMeasurement
from pipeline.evaluate.economics.speed import own_speed, student_speed
from pipeline.evaluate.economics.spending import distillation_usd, spent_usd, training_seconds
from pipeline.run.context import Context
from pipeline.run.counts import TrainCounts
from pipeline.run.evaluation import BASE, STUDENT, TEACHER
from pipeline.statistics.auc import Floats


def measure_costs(
    context: Context,
    rows: Sequence[HeldoutRow],
    contestants: Sequence[Contestant],
    exports: Sequence[Contestant],
    marks: Scores,
    teacher: Mapping[str, Any],
) -> dict[str, Any]:
    """`cascade` and `economics` of evaluation.json. `teacher` is its summary there; the contestants have a student."""
    config = context.recipe.evaluate
    by_name = {one.name: one for one in contestants}
    student = _student_speed(context, rows, by_name[STUDENT])
    cascade = _cascade(context, rows, by_name, marks, call_usd(config.economics, student.loads))
    facts = Facts(
        config.economics,
        student,
        _others([*(one for one in contestants if one.name == BASE), *exports]),
        {**teacher, "lane": context.recipe.generate.lane},
        _distillation_usd(context),
        cascade["chosen"],
    )
    return {"cascade": cascade, "economics": assemble(facts)}


def _student_speed(context: Context, rows: Sequence[HeldoutRow], student: Contestant) -> LoadMeasurement:
    """The measurement; that of the answers that were scored where the recipe wants none."""
    config = context.recipe.evaluate
    measured = student_speed(context, config.economics, [row.student_messages for row in rows], config.max_tokens)
    if measured is not None:
        return measured
    own = own_speed(student)
    return LoadMeasurement(() if own is None else (own,))


def _others(contestants: Sequence[Contestant]) -> dict[str, Load]:
    speeds = {one.name: own_speed(one) for one in contestants if one.failed is None}
    return {name: speed for name, speed in speeds.items() if speed is not None}


def _cascade(
    context: Context,
    rows: Sequence[HeldoutRow],
    by_name: Mapping[str, Contestant],
    marks: Scores,
    student_usd: float | None,
) -> dict[str, Any]:
    config = context.recipe.evaluate
    if STUDENT not in marks.scores or TEACHER not in marks.scores:
        return nothing_chosen("student and teacher have no scores to compare", config.cascade_margin)
    places = marks.counted(rows)
    kept = marks.only(places)
    student, teacher = (pick(by_name[name].answers, places) for name in (STUDENT, TEACHER))
    found = Rows(
        np.array([np.nan if answer.confidence is None else answer.confidence for answer in student]),
        np.array([score.value for score in kept.scores[STUDENT]]),
        np.array([score.value for score in kept.scores[TEACHER]]),
        call_costs_usd([answer.cost_usd for answer in teacher]),
        student_usd,
        [row.unit for row in pick(rows, places)],
    )
    return measure_cascade(found, margin=config.cascade_margin, resamples=config.resamples, seed=config.seed)


def call_costs_usd(costs: Sequence[float | None]) -> Floats | None:
    """[N]: what each call cost, one that is not known the mean of the others; None where none is known."""
    known = [cost for cost in costs if cost is not None]
    return np.array([np.mean(known) if cost is None else cost for cost in costs]) if known else None


def _distillation_usd(context: Context) -> dict[str, float | None]:
    trained = context.manifest.counts(TrainCounts)
    seconds = None if trained is None else training_seconds(trained)
    spent = spent_usd(context.run.journal, context.recipe)
    return distillation_usd(spent, seconds, context.recipe.evaluate.economics.training_usd)
