"""The model card with the run's scores: written by evaluate, kept by a rerun, gone with another student."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.recipe.load import load_recipe
from pipeline.run.context import Context
from pipeline.run.directory import RunDir
from pipeline.run.evaluation.contestants import GeneralTask, Standing, TaskScore
from pipeline.run.evaluation.costs import Cascade, ChosenPoint
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.evaluation.file import read_evaluation
from pipeline.run.progress import Progress
from pipeline.train.card import measured_of, refresh
from students.card.facts import Score
from teachers.local.huggingface_files import version
from tests.pipeline.evaluate.make import known
from tests.pipeline.helpers import stages_of, write_recipe, write_rows
from tests.pipeline.report.make import summary, with_contestants

CHOSEN = ChosenPoint(
    threshold=0.8125,
    handed_over=Estimate(0.25, None, 173),
    score=Estimate(0.95, (0.9, 0.99), 173),
    cost_per_1000_usd=None,
    teacher_score=Estimate(0.9, None, 173),
    minus_teacher=Estimate(0.05, None, 173),
    rows=173,
)
SUMS = GeneralTask("acc", True, TaskScore(0.5, 0.1), TaskScore(0.4, 0.1), Estimate(-0.1, (-0.2, 0.0), 40))
CONTESTANTS = {"student": summary(0.9, (0.84, 0.95)), "base": summary(0.5, (0.42, 0.58)), "teacher": summary(None)}
EVALUATION = replace(
    with_contestants(CONTESTANTS, rows=173),
    student_minus_base=Estimate(0.4, (0.3, 0.5), 173),
    against_teacher=Standing(retention=Estimate(1.1, None, 173)),
    agreement=Estimate(0.8, (0.7, 0.9), 173),
    cascade=Cascade((), CHOSEN, None, 0.01, None),
    general={"sums": SUMS},
)


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
    assert measured_of(with_contestants({}, rows=3)) is None


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
    score = known(read_evaluation(run).contestants["student"].score).value
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
