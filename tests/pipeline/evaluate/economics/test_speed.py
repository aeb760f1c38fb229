"""How fast a run's student is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.evaluate.answers.contestants import Answer, Contestant
from pipeline.evaluate.economics.load import LoadMeasurement, LoadPlan
from pipeline.evaluate.economics.speed import own_speed, student_speed
from pipeline.recipe.load import load_recipe
from pipeline.run.context import Context
from pipeline.run.directory import RunDir
from pipeline.run.evaluation.costs import Load
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.manifest import Manifest
from pipeline.run.progress import Progress
from tests.pipeline.evaluate.make import row
from tests.pipeline.helpers import write_recipe

LOAD = Load(1, 2, 0, Estimate(2.0, None, 2), None, Estimate(0.5, None, 2), Estimate(0.5, None, 2))


def test_the_speed_of_answers_that_were_scored() -> None:
    answers = (Answer("a", latency_s=0.5, output_tokens=2), Answer("b", latency_s=1.5, output_tokens=6), Answer(""))
    few = Load(
        2,
        requests=3,
        failed=1,
        calls_per_s=Estimate(2.0, None, 2),
        output_tokens_per_s=Estimate(8.0, None, 2),
        latency_p50_s=Estimate(1.0, (None, None), 2),
        latency_p95_s=Estimate(1.45, (0.5, None), 2),
    )
    assert own_speed(Contestant("base", "x", answers, in_flight=2)) == few
    assert own_speed(Contestant("base", "x", (Answer("a"),))) is None


def test_a_speed_is_measured_once(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = load_recipe(write_recipe(tmp_path))
    run = RunDir(tmp_path)
    context = Context(recipe, run, Manifest(run.manifest, recipe.name), Progress())
    context.run.student.symlink_to(tiny)
    economics = context.recipe.evaluate.economics.model_copy(update={"load_requests": 2, "concurrencies": [1]})
    asked: list[int] = []

    def measured(plan: LoadPlan, conversations: list[Any], on_call: Any) -> LoadMeasurement:
        asked.append(len(conversations))
        return LoadMeasurement((LOAD,), 1 << 20)

    monkeypatch.setattr("pipeline.evaluate.economics.speed.measure_load", measured)
    prompts = [row(f"mail {number}").student_messages for number in range(40)]
    first, again = (student_speed(context, economics, prompts, 4) for _ in range(2))
    assert first == again == LoadMeasurement((LOAD,), 1 << 20)
    assert asked == [4]  # four rounds of one caller
    student_speed(context, economics, prompts, 5)
    assert asked == [4, 4]


def test_a_measurement_in_an_older_form_is_made_again(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = load_recipe(write_recipe(tmp_path))
    run = RunDir(tmp_path)
    context = Context(recipe, run, Manifest(run.manifest, recipe.name), Progress())
    run.student.symlink_to(tiny)
    run.work.mkdir()
    (run.work / "load.json").write_text('{"key": "a", "measured": {"loads": [{"concurrency": 1, "calls_per_s": 2.0}]}}')
    economics = recipe.evaluate.economics.model_copy(update={"load_requests": 2, "concurrencies": [1]})
    measured = LoadMeasurement((LOAD,))
    monkeypatch.setattr("pipeline.evaluate.economics.speed.measure_load", lambda *_: measured)
    assert student_speed(context, economics, [row("a").student_messages], 4) == measured
