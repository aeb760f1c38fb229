"""`stillhouse train` in two processes, as `accelerate launch` and `torchrun` start it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.train.log import read_curve
from tests.pipeline.helpers import environment, stillhouse, write_recipe, write_rows

LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "pipeline.cli"]


@pytest.fixture
def recipe(tmp_path: Path, tiny: Path) -> Path:
    """32 rows to train on and 4 to watch, of 40: every batch of every process is whole."""
    rows = [{"text": f"{('cheap pills', 'project meeting')[i % 2]} {i}", "label": "ham"} for i in range(36)]
    write_rows(tmp_path / "rows.jsonl", rows)
    write_rows(tmp_path / "script.jsonl", [{"match": "pills", "reply": "spam"}, {"reply": "ham"}])
    student = {"base": str(tiny), "epochs": 2, "learning_rate": 1e-4, "eval_every": 0.5, "precision": "float32"}
    curate = {"steps": [{"step": "outcome"}], "split": {"heldout": 0}}
    return write_recipe(tmp_path, student={**student, "batch_size": 4}, curate=curate)


def launch(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LAUNCH, *map(str, arguments)],
        cwd=cwd,
        env=environment(OMP_NUM_THREADS="1"),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def losses(run: Path) -> list[float]:
    return [loss for _, loss in read_curve(run / "logs/train.jsonl").train]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_processes_train_the_recipe_of_one(recipe: Path, tmp_path: Path) -> None:
    two = launch("run", recipe, "--until", "train", "--dir", "two", cwd=tmp_path)
    assert two.returncode == 0, two.stderr
    assert two.stderr.count("train: ") == 1, "the first process alone speaks"
    one = stillhouse("run", recipe, "--until", "train", "--dir", "one", "--set", "student.batch_size=8", cwd=tmp_path)
    assert one.returncode == 0, one.stderr
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), abs=1e-5)
    again = launch("train", recipe, "--dir", "two", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "train: up to date" in again.stderr
    after = stillhouse("train", recipe, "--dir", "two", cwd=tmp_path)
    assert "train: up to date" in after.stderr, after.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_error_of_the_first_ends_all(recipe: Path, tmp_path: Path) -> None:
    failed = launch("train", recipe, "--dir", "fresh", cwd=tmp_path)
    assert failed.returncode == 1
    assert failed.stderr.count("the stage 'generate' is not up to date") == 1


@pytest.mark.parametrize(
    ("command", "variables", "says"),
    [
        ("run", {"TORCHELASTIC_USE_AGENT_STORE": "True"}, "stillhouse run --until train"),
        ("tune", {"TORCHELASTIC_USE_AGENT_STORE": "True"}, "'stillhouse tune' was started in 2 processes"),
        ("train", {}, "accelerate launch or torchrun"),
    ],
)
def test_what_is_not_shared_is_refused(
    recipe: Path, tmp_path: Path, command: str, variables: dict[str, str], says: str
) -> None:
    refused = stillhouse(command, recipe, cwd=tmp_path, WORLD_SIZE="2", RANK="0", **variables)
    assert refused.returncode == 2
    assert says in refused.stderr
