"""What the stage puts into evaluation.json of costs and the cascade, from answers, scores and a manifest."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from pipeline.evaluate.answers.contestants import Answer, Contestant, HeldoutAnswers, HeldoutRow
from pipeline.evaluate.comparison.scores import Scores
from pipeline.evaluate.economics.stage import Costs, measure_costs
from pipeline.recipe.load import load_recipe
from pipeline.recipe.scorer import Score
from pipeline.run.context import Context
from pipeline.run.counts import TrainCounts
from pipeline.run.directory import RunDir
from pipeline.run.evaluation import BASE, STUDENT, TEACHER
from pipeline.run.evaluation.contestants import Summary
from pipeline.run.evaluation.costs import ChosenPoint
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.manifest import Manifest
from pipeline.run.progress import Progress
from tests.pipeline.evaluate.economics.test_spending import billed
from tests.pipeline.evaluate.make import contestant, ends, known, row
from tests.pipeline.helpers import write_recipe

TRAINED = TrainCounts(2, 0, 0, 9, 1, 1, 1800.0, 90.0, 0.5, 0.4, 1, 1, None)
ROWS = 40
SUMMARY = Summary("x", None, None, {}, None, None, None, None, None, Estimate(2.0, (1.9, 2.1), ROWS), 1, None, None)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    evaluate = {"scorer": "exact", "resamples": 100, "economics": {"hourly_usd": 3.6, "load_requests": 0}}
    recipe = load_recipe(write_recipe(tmp_path, evaluate=evaluate))
    run = RunDir(tmp_path)
    billed(run.journal, ("mail", 0.25), declared=("mail",))
    manifest = Manifest(run.manifest, recipe.name)
    manifest.begin("train", "")
    manifest.end("train", "done", TRAINED)
    return Context(recipe, run, manifest, Progress())


def the_rows() -> list[HeldoutRow]:
    return [row(f"mail {number}") for number in range(ROWS)]


def contestants(cost: float | None = 0.002) -> list[Contestant]:
    """A student that is sure of what it has right, in three rows of four."""
    sure = [0.9 if number % 4 else 0.1 for number in range(ROWS)]
    student = contestant(STUDENT, ["spam"] * ROWS)
    answers = tuple(replace(answer, confidence=one) for answer, one in zip(student.answers, sure, strict=True))
    teacher = tuple(Answer("spam", cost_usd=cost, latency_s=0.5) for _ in range(ROWS))
    return [Contestant(TEACHER, "x", teacher), contestant(BASE, ["ham"] * ROWS), replace(student, answers=answers)]


def scores(**columns: list[float | None]) -> Scores:
    """The student right where it is sure, the teacher always, unless a column says otherwise."""
    given: dict[str, list[float | None]] = {
        TEACHER: [1.0] * ROWS,
        BASE: [0.0] * ROWS,
        STUDENT: [float(number % 4 > 0) for number in range(ROWS)],
    }
    return Scores({name: [_score(value) for value in column] for name, column in {**given, **columns}.items()})


def _score(value: float | None) -> Score:
    return Score(0.0, valid=False, failed="broken") if value is None else Score(value, valid=True)


def costs(context: Context, given: Scores, cost: float | None = 0.002) -> Costs:
    return measure_costs(context, HeldoutAnswers(the_rows(), contestants(cost)), given, SUMMARY)


def chosen_of(costs: Costs) -> ChosenPoint:
    assert costs.cascade.chosen is not None
    return costs.cascade.chosen


def test_the_cascade_hands_over_what_the_student_is_unsure_of(context: Context) -> None:
    found = costs(context, scores())
    chosen = chosen_of(found)
    assert 0.1 < chosen.threshold <= 0.9
    assert (chosen.handed_over.value, chosen.score.value, chosen.rows) == (0.25, 1.0, ROWS)
    # Ten calls a second at 3.6 dollars an hour are 0.1 for a thousand; a quarter of the teacher's 2 comes on top.
    assert known(chosen.cost_per_1000_usd).value == pytest.approx(0.6)
    assert found.cascade.confidence_auc is not None
    assert known(found.cascade.confidence_auc.auc).value == 1.0


def test_what_was_billed_and_trained_is_earned_back(context: Context) -> None:
    economics = costs(context, scores()).economics
    assert asdict(economics.distillation_usd) == pytest.approx(
        {"teacher": 0.25, "judge": 0.0, "rescorer": 0.0, "training": 1.8, "total": 2.05}
    )
    assert known(economics.break_even.calls).value == 1079  # 2.05 / (0.002 - 0.0001)
    low, high = ends(economics.break_even.calls)
    assert low < 1079 < high
    assert known(economics.teacher.cost_per_1000_usd).n == ROWS
    assert economics.teacher.lane == "online"
    assert economics.others["base"].loads[0].concurrency == 1
    assert economics.student.peak_memory_bytes is None  # nothing was measured


def test_without_a_teacher_s_price_the_cascade_still_has_its_scores(context: Context) -> None:
    chosen = chosen_of(costs(context, scores(), cost=None))
    assert (chosen.score.value, chosen.cost_per_1000_usd) == (1.0, None)


def test_rows_on_which_a_scorer_failed_count_for_nobody(context: Context) -> None:
    found = costs(context, scores(base=[None, *[0.0] * (ROWS - 1)]))
    assert chosen_of(found).rows == ROWS - 1


def test_without_scores_there_is_no_cascade_and_all_its_costs(context: Context) -> None:
    found = costs(context, Scores({}))
    assert found.cascade.reason == "student and teacher have no scores to compare"
    assert found.economics.cascade is None
    assert known(found.economics.break_even.calls).value == 1079
