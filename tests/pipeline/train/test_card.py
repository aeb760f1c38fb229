"""The model card with the run's scores: written by evaluate, kept by a rerun, gone with another student."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.recipe.load import load_recipe
from pipeline.run.context import Context
from pipeline.run.directory import RunDir
from pipeline.run.progress import Progress
from pipeline.train.card import measured_of, refresh
from students.card.facts import Score
from teachers.local.huggingface_files import version
from tests.pipeline.helpers import stages_of, write_recipe, write_rows

EVALUATION: dict[str, Any] = {
    "scorer": "label",
    "rows": 173,
    "student": {"score": 0.9, "ci95": [0.84, 0.95]},
    "base": {"score": 0.5, "ci95": [0.42, 0.58]},
    "teacher": {"score": None, "ci95": None},
    "student_minus_base": {"value": 0.4, "ci95": [0.3, 0.5]},
    "student_minus_teacher": None,
    "agreement": {"value": 0.8, "ci95": [0.7, 0.9]},
    "retention": 1.1,
    "retention_ci95": None,
    "cascade": {"chosen": {"threshold": 0.8125, "handed_over": 0.25, "score": 0.95, "ci95": [0.9, 0.99]}},
    "general": {
        "sums": {
            "metric": "acc",
            "base": {"value": 0.5, "stderr": 0.1},
            "student": {"value": 0.4, "stderr": 0.1},
            "difference": {"value": -0.1, "ci95": [-0.2, 0.0]},
            "rows": 40,
        }
    },
}


def test_the_numbers_are_the_evaluations() -> None:
    found = measured_of(EVALUATION)
    assert found is not None
    assert (found.scorer, found.rows) == ("label", 173)
    assert found.scores == (
        Score("score of the student", 0.9, (0.84, 0.95)),
        Score("score of its base, before training", 0.5, (0.42, 0.58)),
        Score("student less base", 0.4, (0.3, 0.5)),
        Score("agreement with what it was trained towards", 0.8, (0.7, 0.9)),
        Score("retention, student / teacher", 1.1, None),
    )
    cascade, general = found.notes
    assert "below a confidence of 0.8125" in cascade
    assert "25.0% of the rows" in cascade
    assert "0.950 (95 % interval 0.900 to 0.990)" in cascade
    assert "`sums` (acc, 40 rows): 0.400, its base 0.500, difference -0.100 (95 % interval -0.200 to 0.000)" in general


def test_an_evaluation_without_a_student_says_nothing() -> None:
    assert measured_of({"scorer": "label", "rows": 3, "student": None}) is None


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_scores_stay_with_the_student_and_leave_with_it(tiny: Path, tmp_path: Path) -> None:
    write_rows(tmp_path / "script.jsonl", [{"match": str(i), "reply": "spam" if i % 2 else "ham"} for i in range(12)])
    student = {"base": str(tiny), "epochs": 1, "batch_size": 2}
    recipe = write_recipe(
        tmp_path,
        curate={"split": {"heldout": 0.4}},
        student=student,
        evaluate={"scorer": "label", "labels": ["spam", "ham"], "max_tokens": 2},
        exports=["gguf-f16"],
    )
    run = RunDir(tmp_path / "run")
    card = run.student / "README.md"
    stages_of(recipe, "--dir", run.root, "--until", "train", cwd=tmp_path)
    assert "It has not been scored" in card.read_text()
    before = version(str(run.student))
    stages_of(recipe, "--dir", run.root, cwd=tmp_path)
    scored = card.read_text()
    score = orjson.loads(run.evaluation.read_bytes())["student"]["score"]
    assert f"| score of the student | {score:.3f} |" in scored
    assert "llama-server -m ../exports/gguf-f16/model.gguf" in scored
    assert version(str(run.student)) == before

    stages = stages_of(recipe, "--dir", run.root, cwd=tmp_path)
    assert card.read_text() == scored
    assert stages["train"]["started_at"] < stages["evaluate"]["started_at"]

    manifest = run.load_manifest()
    later = manifest.stages["evaluate"].started_at + 1  # as a new training would
    manifest.stages["train"] = replace(manifest.stages["train"], started_at=later)
    refresh(Context(load_recipe(recipe), run, manifest, Progress()))
    assert "It has not been scored" in card.read_text()
