"""General ability: lm-eval itself on a small local task, and the paired difference."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipeline.evaluate.general import Draws, Results, TaskResult, compare_general, measure_general
from pipeline.recipe import general as general_config
from pipeline.recipe.general import General, require_general
from pipeline.recipe.load import load_recipe
from pipeline.run.context import Context
from pipeline.run.directory import RunDir
from pipeline.run.errors import RunError
from pipeline.run.manifest import Manifest
from pipeline.run.progress import Progress
from prompts.errors import InputError, MissingExtra
from tests.models import save_tiny
from tests.pipeline.evaluate.make import ends
from tests.pipeline.helpers import write_recipe, write_rows

TASK = {
    "task": "sums",
    "dataset_path": "json",
    "dataset_kwargs": {"data_files": {"test": "sums.jsonl"}},
    "output_type": "multiple_choice",
    "test_split": "test",
    "doc_to_text": "Question: {{question}}\nAnswer:",
    "doc_to_choice": "{{choices}}",
    "doc_to_target": "{{answer}}",
    "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
}


def write_task(folder: Path, **changes: Any) -> Path:
    rows = [{"question": f"{i} + 1 = ?", "choices": [f"{i + 1}", f"{i + 30}"], "answer": i % 2} for i in range(12)]
    write_rows(folder / "sums.jsonl", rows)
    path = folder / "sums.yaml"
    path.write_text(yaml.safe_dump({**TASK, **changes}, sort_keys=False))
    return path


def open_context(folder: Path, student: Path, **general: Any) -> Context:
    recipe = load_recipe(write_recipe(folder, evaluate={"general": general}))
    run = RunDir(folder / "run")
    shutil.copytree(student, run.student)
    return Context(recipe, run, Manifest(run.manifest, recipe.name), Progress())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_base_and_student_are_measured_on_the_same_rows_once(
    tiny: Path, tokenizer: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    base = save_tiny(tokenizer, tmp_path / "base", layers=1)
    write_task(tmp_path)
    context = open_context(tmp_path, tiny, tasks=["sums.yaml"], limit=10)
    found = measure_general(context, base)
    sums = found["sums"]
    assert (sums.metric, sums.higher_is_better, sums.difference.n) == ("acc", True, 10)
    assert sums.difference.value == pytest.approx(sums.student.value - sums.base.value)
    low, high = ends(sums.difference)
    assert low <= sums.difference.value <= high
    assert sums.student.stderr is not None
    assert 0 < sums.student.stderr < 0.5
    log = context.run.logs / "lm-eval.log"
    before = log.stat().st_size
    assert measure_general(context, base) == found
    assert log.stat().st_size == before, "neither model is measured again"
    assert set(capfd.readouterr().err.splitlines()) == {
        f"evaluate: general ability of the {name}, by lm-eval" for name in ("base", "student")
    }


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_task_that_lm_eval_refuses_is_an_error_with_its_words(tiny: Path, tmp_path: Path) -> None:
    write_task(tmp_path, output_type="no such thing")
    with pytest.raises(RunError, match=r"(?s)lm-eval ended with exit status 1\..*no such thing"):
        measure_general(open_context(tmp_path, tiny, tasks=["sums.yaml"]), tiny)


def test_without_tasks_nothing_is_measured(tiny: Path, tmp_path: Path) -> None:
    assert measure_general(open_context(tmp_path, tiny), tiny) == {}


def test_a_missing_task_is_told_with_its_line(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, evaluate={"general": {"tasks": ["none.yaml"]}})
    line = next(n for n, text in enumerate(recipe.read_text().splitlines(), 1) if "none.yaml" in text)
    with pytest.raises(InputError, match=rf"recipe\.yaml:{line}: field 'evaluate\.general\.tasks': no such file"):
        load_recipe(recipe)


def test_the_extra_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(general_config, "find_spec", lambda name: None)
    require_general(General())
    with pytest.raises(MissingExtra, match=r"stillhouse\[general\]"):
        require_general(General(tasks=[Path("x.yaml")]))


def scores(values: list[float], value: float | None = None) -> Results:
    mean = sum(values) / len(values) if value is None else value
    rows = {str(number): one for number, one in enumerate(values)}
    return {"t": TaskResult("acc", True, mean, None, rows)}


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=40))
def test_of_a_model_against_itself_no_difference_is_within_the_interval(values: list[float]) -> None:
    found = compare_general(scores(values), scores(values), Draws(100, 0))["t"].difference
    assert found.value == 0.0
    assert ends(found)[0] <= 0 <= ends(found)[1]


def test_all_right_on_few_rows_is_not_certain() -> None:
    found = compare_general(scores([1.0] * 30), scores([1.0] * 30), Draws(100, 0))["t"].difference
    assert ends(found)[0] < -0.05


def test_a_score_that_is_no_share_has_students_interval() -> None:
    base, student = [float(number) for number in range(100)], [float(number + number % 2) for number in range(100)]
    found = compare_general(scores(base), scores(student), Draws(4000, 0))["t"].difference
    expected = stats.t.interval(0.95, 99, loc=0.5, scale=0.5 / 10)
    assert ends(found) == pytest.approx(expected, abs=0.01)


def test_where_the_score_is_no_mean_or_the_rows_differ_there_is_no_interval() -> None:
    whole, part = scores([1.0, 0.0, 1.0]), scores([1.0, 0.0])
    for base, student in ((whole, part), (scores([1.0, 0.0, 1.0], 7.0), whole)):
        assert compare_general(base, student, Draws(100, 0))["t"].difference.ci95 is None
