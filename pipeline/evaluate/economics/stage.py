"""The evaluate stage's last part: what it all costs, and where the student had better hand over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.evaluate.answers.contestants import Contestant, HeldoutAnswers
from pipeline.evaluate.cascade.curve import Rows
from pipeline.evaluate.cascade.measure import measure_cascade, nothing_chosen
from pipeline.evaluate.comparison.scores import Scores, pick
from pipeline.evaluate.economics.assemble import Facts, assemble, call_usd
from pipeline.evaluate.economics.load import LoadMeasurement
from pipeline.evaluate.economics.speed import own_speed, student_speed
from pipeline.evaluate.economics.spending import add_up, spent_usd, training_seconds
from pipeline.run.context import Context
from pipeline.run.counts import TrainCounts
from pipeline.run.evaluation import BASE, STUDENT, TEACHER
from pipeline.run.evaluation.contestants import Summary
from pipeline.run.evaluation.costs import Cascade, Distillation, Economics, Load, TeacherCosts
from pipeline.statistics.auc import Floats


@dataclass(slots=True, frozen=True)
class Costs:
    """The cascade and the economics of an evaluation."""

    cascade: Cascade
    economics: Economics


def measure_costs(context: Context, answers: HeldoutAnswers, scores: Scores, teacher: Summary) -> Costs:
    """Measures both; the contestants have a student. `teacher` is its summary in the comparison."""
    config = context.recipe.evaluate.economics
    contestants = answers.by_name
    student = _student_speed(context, answers, contestants[STUDENT])
    cascade = _cascade(context, answers, scores, call_usd(config, student.loads))
    others = [*answers.exports]
    if BASE in contestants:
        others.insert(0, contestants[BASE])
    facts = Facts(
        config,
        student,
        _speeds(others),
        _teacher_costs(teacher, context.recipe.generate.lane),
        _distillation(context),
        cascade.chosen,
    )
    return Costs(cascade, assemble(facts))


def _student_speed(context: Context, answers: HeldoutAnswers, student: Contestant) -> LoadMeasurement:
    """Measures the student; where the recipe wants no measurement, by the answers that were scored."""
    config = context.recipe.evaluate
    conversations = [row.student_messages for row in answers.rows]
    measured = student_speed(context, config.economics, conversations, config.max_tokens)
    if measured is not None:
        return measured
    own = own_speed(student)
    if own is None:
        return LoadMeasurement(())
    return LoadMeasurement((own,))


def _speeds(contestants: Sequence[Contestant]) -> dict[str, Load]:
    speeds = {}
    for contestant in contestants:
        speed = own_speed(contestant)
        if speed is not None and contestant.failed is None:
            speeds[contestant.name] = speed
    return speeds


def _teacher_costs(summary: Summary, lane: str) -> TeacherCosts:
    return TeacherCosts(
        cost_per_1000_usd=summary.cost_per_1000_usd,
        latency_p50_s=summary.latency_p50_s,
        latency_p95_s=summary.latency_p95_s,
        prompt_tokens_mean=summary.prompt_tokens_mean,
        output_tokens_mean=summary.output_tokens_mean,
        in_flight=summary.in_flight,
        lane=lane,
    )


def _cascade(context: Context, answers: HeldoutAnswers, scores: Scores, student_usd: float | None) -> Cascade:
    config = context.recipe.evaluate
    if STUDENT not in scores.columns or TEACHER not in scores.columns:
        return nothing_chosen("student and teacher have no scores to compare", config)
    # As in the comparison: a row that the scorer failed on counts for nobody.
    places = scores.counted(answers.rows)
    counted = scores.only(places)
    contestants = answers.by_name
    student = pick(contestants[STUDENT].answers, places)
    teacher = pick(contestants[TEACHER].answers, places)
    rows = Rows(
        np.array([np.nan if answer.confidence is None else answer.confidence for answer in student]),
        np.array(counted.values(STUDENT)),
        np.array(counted.values(TEACHER)),
        call_costs_usd([answer.cost_usd for answer in teacher]),
        student_usd,
        [row.unit for row in pick(answers.rows, places)],
    )
    return measure_cascade(rows, config)


def call_costs_usd(costs: Sequence[float | None]) -> Floats | None:
    """Returns [N]: what each call cost, one that is not known the mean of the others; None where none is known."""
    known = [cost for cost in costs if cost is not None]
    if not known:
        return None
    # Calls whose price is not known were as dear as the others, as far as anybody can tell: never free.
    mean = np.mean(known)
    return np.array([mean if cost is None else cost for cost in costs])


def _distillation(context: Context) -> Distillation:
    seconds = None
    trained = context.manifest.counts(TrainCounts)
    if trained is not None:
        seconds = training_seconds(trained)
    spent = spent_usd(context.run.journal, context.recipe)
    return add_up(spent, seconds, context.recipe.evaluate.economics.training_usd)
