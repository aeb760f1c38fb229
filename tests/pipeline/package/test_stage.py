"""The package stage on a small student: written once, kept, and a failure is a row."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.evaluate.answers.exports import ask_exports, write_scores
from pipeline.evaluate.answers.size import Size
from pipeline.package.stage import work
from pipeline.recipe.load import load_recipe
from pipeline.report.page import ReportInputs, render_page
from pipeline.report.table import render_table
from pipeline.run.context import Context
from pipeline.run.counts import PackageCounts
from pipeline.run.directory import RunDir
from pipeline.run.evaluation import STUDENT
from pipeline.run.exports import read_exports
from pipeline.run.manifest import Manifest
from pipeline.run.progress import Progress
from pipeline.stages import run_stages
from prompts.errors import InputError, MissingExtra, StillhouseError
from tests.pipeline.evaluate.make import LABELS, compared, contestant, known, row
from tests.pipeline.helpers import stillhouse, write_recipe


@pytest.fixture(autouse=True)
def one_ggml_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teachers.local.gguf.cores", lambda: 1)


def open_context(folder: Path, student: Path, *exports: str) -> Context:
    recipe = load_recipe(write_recipe(folder, exports=list(exports)))
    run = RunDir(folder / "run")
    if not run.student.exists():
        shutil.copytree(student, run.student)
    return Context(recipe, run, Manifest(run.manifest, recipe.name), Progress())


def break_architecture(context: Context) -> None:
    file = context.run.student / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"architectures": ["NoSuchModel"]}))


def test_an_export_is_written_once_and_again_for_another_student(tiny: Path, tmp_path: Path) -> None:
    context = open_context(tmp_path, tiny, "gguf-f16")
    assert work(context) == PackageCounts(exports=1, failed_exports=0)
    folder = context.run.exports / "gguf-f16"
    [export] = read_exports(context.run)
    assert sorted(export.digests) == ["model.gguf"]
    assert export.bytes == (folder / "model.gguf").stat().st_size
    assert "It has not been scored yet" in (folder / "README.md").read_text()
    before = (folder / "model.gguf").stat().st_ino
    work(context)
    assert (folder / "model.gguf").stat().st_ino == before
    template = context.run.student / "chat_template.jinja"
    template.write_text(template.read_text() + " ")
    work(context)
    assert (folder / "model.gguf").stat().st_ino != before


def test_a_half_written_export_is_made_again(tiny: Path, tmp_path: Path) -> None:
    context = open_context(tmp_path, tiny, "gguf-f16")
    folder = context.run.exports / "gguf-f16"
    folder.mkdir(parents=True)
    (folder / "export.json").write_text('{"name": "gguf')
    assert work(context).exports == 1
    assert (folder / "model.gguf").is_file()


def test_an_export_that_fails_is_a_row_with_its_reason(tiny: Path, tmp_path: Path) -> None:
    context = open_context(tmp_path, tiny, "gguf-f16")
    work(context)
    break_architecture(context)
    assert work(context) == PackageCounts(exports=0, failed_exports=1)
    [export] = read_exports(context.run)
    assert "no GGUF writer for NoSuchModel" in (export.failed or "")
    assert not (context.run.exports / "gguf-f16").exists()  # it was another student's


def test_exports_stand_beside_the_student_scored_or_failed(tiny: Path, tmp_path: Path) -> None:
    context = open_context(tmp_path, tiny, "gguf-f16", "gguf-q4_0")
    work(context)
    rows, student = [row(f"r{index}") for index in range(6)], contestant(STUDENT, ["spam"] * 6)

    def ask(name: str, spec: str) -> Any:
        if name == "gguf-q4_0":
            raise StillhouseError("no memory for it")
        return contestant(name, ["spam"] * 5 + ["ham"]).answers

    found = compared(rows, [student], LABELS, exports=ask_exports(context, rows, Size(7, 99), ask))
    good, bad = found.exports["gguf-f16"], found.exports["gguf-q4_0"]
    assert good.summary is not None
    assert known(good.summary.score).value == pytest.approx(5 / 6)
    assert known(good.minus_student).value == pytest.approx(-1 / 6)
    assert (good.summary.parameters, bad.failed) == (7, "no memory for it")
    write_scores(context, found)
    readmes = [(context.run.exports / name / "README.md").read_text() for name in ("gguf-f16", "gguf-q4_0")]
    assert "It scores 0.833 on 6 held-out rows" in readmes[0]
    assert "It could not be scored: no memory for it" in readmes[1]
    table = render_table(found, {})
    assert "gguf-f16" in table
    assert "failed: no memory" in table
    page = render_page(ReportInputs("n", found, {}, ""))
    assert "failed: no memory for it" in page


def test_without_exports_there_is_nothing_to_see(tmp_path: Path, tiny: Path) -> None:
    context = open_context(tmp_path, tiny)
    assert ask_exports(context, [], Size(), lambda name, spec: ()) == []
    assert compared([row("a")], [contestant(STUDENT, ["spam"])], LABELS).exports == {}
    with pytest.raises(InputError, match=r"field 'exports'.*nothing to package.*gguf-f16"):
        run_stages(context, "package", "package")


def test_a_missing_package_is_told_before_anything_runs(
    tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("students.export.form.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"the export 'onnx' needs an extra: pip install 'stillhouse\[export\]'"):
        run_stages(open_context(tmp_path, tiny, "onnx"), "generate", "report")


def test_an_unknown_export_names_its_line_and_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"recipe\.yaml:\d+: field 'exports\.0'.*'gguf-q8_0'"):
        load_recipe(write_recipe(tmp_path, exports=["gguf-q9"]))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_whole_run_ends_with_scored_exports(tiny: Path, tmp_path: Path) -> None:
    script = [{"match": "1", "reply": "spam"}, {"reply": "ham"}]
    (tmp_path / "script.jsonl").write_text("".join(json.dumps(rule) + "\n" for rule in script))
    recipe = write_recipe(
        tmp_path,
        curate={"split": {"heldout": 0.4}, "steps": [{"step": "outcome"}]},
        student={"base": str(tiny), "epochs": 1, "validation_fraction": 0.3},
        evaluate={
            "scorer": "label",
            "labels": ["spam", "ham"],
            "max_tokens": 3,
            "resamples": 100,
            "economics": {"load_requests": 0},
        },
        exports=["gguf-q4_k_m", "onnx", "onnx-int8", "onnx-int4"],
    )
    result = stillhouse("run", recipe, "--json", cwd=tmp_path, OMP_NUM_THREADS="1")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)["evaluation"]
    assert list(found["exports"]) == ["gguf-q4_k_m", "onnx", "onnx-int8", "onnx-int4"]
    assert all(one["failed"] is None for one in found["exports"].values()), found["exports"]
    assert found["exports"]["onnx"]["summary"]["score"]["value"] == found["student"]["score"]["value"]
    again = stillhouse("run", recipe, cwd=tmp_path)
    assert "package: up to date" in again.stderr
