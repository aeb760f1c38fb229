"""The stage: what a run on some machine shows of it to others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.recipe.load import load_recipe
from pipeline.report.stage import work
from pipeline.run.context import Context
from pipeline.run.counts import TrainCounts
from pipeline.run.directory import RunDir
from pipeline.run.evaluation.contestants import ExportResult
from pipeline.run.evaluation.file import write_evaluation
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.manifest import Manifest
from pipeline.run.progress import Progress
from tests.pipeline.helpers import write_recipe
from tests.pipeline.report.make import full_evaluation

SAID = "see /usr/share/doc/spam/README"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """A run far from here, with a base and a teacher in folders of this machine."""
    home = tmp_path / "home" / "ann"
    models = home / "site-packages" / "hub"
    for folder in (home / "work", home / "runs" / "quick"):
        folder.mkdir(parents=True)
    recipe = load_recipe(
        write_recipe(
            home / "work",
            teacher=[{"spec": f"gguf:{models}/teacher-q8.gguf"}],
            student={"base": str(models / "SmolLM2-135M")},
        )
    )
    run = RunDir(home / "runs" / "quick")
    manifest = Manifest(run.manifest, recipe.name)
    manifest.begin("train", "")
    measures: dict[str, int | float | str] = {"went on from": f"{run.root}/work/checkpoints/2"}
    manifest.end("train", "done", TrainCounts(9, 0, 0, 9, 2, 2, 0.1, 90.0, 0.5, 0.4, 1, 1, None, measures))
    write_evaluation(run, _on_this_machine(run, models, home))
    table = pa.table({"prompt": [[{"role": "user", "content": SAID}]], "reply": [""], "step": ["a"], "reason": ["b"]})
    pq.write_table(table, run.dropped)
    return Context(recipe, run, manifest, Progress())


def _on_this_machine(run: RunDir, models: Path, home: Path) -> Evaluation:
    """An evaluation full of paths."""
    found = full_evaluation(SAID)
    specs = {
        "teacher": f"gguf:{models}/teacher-q8.gguf",
        "teacher_calibrated": f"gguf:{models}/teacher-q8.gguf",
        "base": f"huggingface:{run.work}/base-0a1b",
        "student": f"huggingface:{run.student}",
    }
    summaries = {name: replace(one, spec=specs[name]) for name, one in found.contestants.items()}
    assert found.economics is not None
    failed = f"at concurrency 4: no such file: '{run.student}/config.json'"
    student = replace(found.economics.student, failed=failed)
    onnx = ExportResult("x", 9, failed=f"cannot read {run.exports}/onnx/model.onnx")
    return replace(
        found,
        teacher=summaries["teacher"],
        teacher_calibrated=summaries["teacher_calibrated"],
        base=summaries["base"],
        student=summaries["student"],
        exports={**found.exports, "onnx": onnx},
        earlier={str(home / "runs" / "before"): found.earlier[SAID]},
        economics=replace(found.economics, student=student),
    )


def test_no_path_of_this_machine_is_on_what_is_shown_to_others(context: Context, tmp_path: Path) -> None:
    work(context)
    run = context.run
    for shown in (run.report, run.report_markdown, run.comparison_csv):
        text = shown.read_text()
        assert str(tmp_path) not in text, shown.name
        assert "/home/ann" not in text, shown.name
        assert "before" in text, shown.name
    page = run.report.read_text()
    assert "gguf:…/hub/teacher-q8.gguf" in page
    assert "base: …/hub/SmolLM2-135M" in page  # in the recipe
    assert "stillhouse evaluate quick/recipe.yaml --dir quick" in page
    assert "README" in page


def test_what_rows_and_models_said_is_shown_as_they_said_it(context: Context) -> None:
    work(context)
    assert SAID in context.run.report.read_text()
