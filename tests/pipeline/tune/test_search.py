"""`stillhouse tune` as its user meets it: a table, a recipe that runs, and nothing lost to a kill or Ctrl-C."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline.recipe.load import load_recipe
from pipeline.run.progress import Progress
from pipeline.stages import run_stages
from pipeline.tune.search import tune as search
from pipeline.tune.table import render
from tests.pipeline.helpers import command, environment, stillhouse, write_recipe, write_rows

SPACE = {"learning_rate": {"low": 1e-3, "high": 3e-2, "log": True}, "epochs": [1, 2], "lora.rank": [None, 4]}


def make(folder: Path, tiny: Path, **tune: Any) -> Path:
    subjects = (("cheap pills", "spam"), ("project meeting", "ham"))
    rows = [{"text": f"{subjects[i % 2][0]} {i}", "label": subjects[i % 2][1]} for i in range(40)]
    write_rows(folder / "rows.jsonl", rows)
    write_rows(folder / "script.jsonl", [{"match": "pills", "reply": "spam"}, {"reply": "ham"}])
    student = {"base": str(tiny), "epochs": 2, "learning_rate": 5e-3, "eval_every": 0.5}
    steps = [{"step": "outcome"}]
    return write_recipe(folder, student=student, tune={"trials": 4, "space": SPACE, **tune}, curate={"steps": steps})


def tune(recipe: Path, *arguments: str) -> Any:
    result = stillhouse("tune", recipe, "--json", *arguments, cwd=recipe.parent, OMP_NUM_THREADS="1")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def measures(found: Any) -> list[Any]:
    return [(one["state"], one["values"], pytest.approx(one["cross_entropy"], abs=1e-3)) for one in found["trials"]]


def test_a_search_in_this_process(tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe(make(tmp_path, tiny, trials=2, space={"learning_rate": [5e-3, 2e-2], "epochs": [1, 2]}))
    with Progress() as progress:
        found = search(recipe, tmp_path / "run", progress, lambda context: run_stages(context, "generate", "curate"))
    assert [trial.state for trial in found.trials] == ["done", "done"]
    assert json.loads((tmp_path / "run/tune/tune.json").read_text()) == found.to_dict()
    assert load_recipe(tmp_path / "run/tuned.yaml").student.epochs in (1, 2)
    assert "stillhouse run" in render(found)
    assert [path.name for path in (tmp_path / "run/tune").glob("trial-*")] == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_best_is_a_recipe_that_runs_as_it_is(tmp_path: Path, tiny: Path) -> None:
    recipe = make(tmp_path, tiny)
    found = tune(recipe)
    assert [one["number"] for one in found["trials"]] == [0, 1, 2, 3]
    assert found["trials"][0]["values"] == {"learning_rate": 5e-3, "epochs": 2, "lora.rank": None}
    done = [one for one in found["trials"] if one["state"] == "done"]
    best = min(done, key=lambda one: one["cross_entropy"])
    assert found["best"] == best["number"]
    tuned = load_recipe(tmp_path / found["tuned"])
    assert tuned.student.learning_rate == best["values"]["learning_rate"]
    assert json.loads((tmp_path / "runs/small/tune/tune.json").read_text()) == found
    assert sorted(path.name for path in (tmp_path / "runs/small/tune").iterdir()) == ["study.jsonl", "tune.json"]
    trained = stillhouse("run", found["tuned"], "--until", "train", cwd=tmp_path, OMP_NUM_THREADS="1")
    assert trained.stderr.startswith("generate: up to date\ncurate: up to date\ntrain:"), trained.stderr
    again = stillhouse("tune", recipe, cwd=tmp_path)
    assert "4 of 4 trials have ended already" in again.stderr
    assert f"stillhouse run {found['tuned']} --dir runs/small" in again.stdout
    assert "(best)" in again.stdout
    assert "tune      done" in stillhouse("status", "runs/small", cwd=tmp_path).stdout


def start(recipe: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command("tune", recipe),
        cwd=recipe.parent,
        env=environment(OMP_NUM_THREADS="1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def wait_for(place: Path, pattern: str) -> None:
    ends_at = time.monotonic() + 120
    while not list(place.glob(pattern)):
        assert time.monotonic() < ends_at, f"{pattern} never came"
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ctrl_c_exits_130_and_the_same_command_goes_on(tmp_path: Path, tiny: Path) -> None:
    recipe = make(tmp_path, tiny, trials=2)
    with start(recipe) as tuning:
        wait_for(tmp_path, "runs/small/tune/trial-000/checkpoints/checkpoint-*/trainer_state.json")
        os.kill(tuning.pid, signal.SIGINT)
        assert tuning.wait(60) == 130
    assert not (tmp_path / "runs/small/tuned.yaml").exists()
    result = stillhouse("tune", recipe, cwd=tmp_path, OMP_NUM_THREADS="1")
    assert result.returncode == 0, result.stderr
    assert "tune: trial 0 goes on where it was interrupted" in result.stderr


def checkpoints(place: Path) -> set[str]:
    return {str(file) for file in place.glob("trial-*/checkpoints/checkpoint-*")}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kills_at_any_moment_change_no_trial(tmp_path: Path, tiny: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    undisturbed = tune(make(tmp_path / "a", tiny, trials=5))
    recipe, chance = make(tmp_path / "b", tiny, trials=5), random.Random(0)
    went_on, place = 0, tmp_path / "b/runs/small/tune"
    for _ in range(8):
        before = checkpoints(place)
        with start(recipe) as tuning:
            assert tuning.stderr is not None
            while tuning.poll() is None and checkpoints(place) == before:
                time.sleep(0.02)
            time.sleep(chance.uniform(0, 3))
            tuning.kill()
            went_on += b"goes on where it was interrupted" in tuning.stderr.read()
    assert measures(tune(recipe)) == measures(undisturbed)
    assert went_on


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_more_trials_go_on_with_the_same_search(tmp_path: Path, tiny: Path) -> None:
    recipe = make(tmp_path, tiny, trials=2)
    first = tune(recipe)
    shutil.copy(tmp_path / "runs/small/tune/tune.json", tmp_path / "first.json")
    more = tune(recipe, "--set", "tune.trials=3")
    assert measures(more)[:2] == measures(first)
    assert len(more["trials"]) == 3
    other = tune(recipe, "--set", "tune.trials=1", "--set", "tune.seed=5")
    assert len(other["trials"]) == 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_trial_that_diverges_is_a_row_and_not_the_end(tmp_path: Path, tiny: Path) -> None:
    space = {"learning_rate": [5e-3, 1e30]}
    found = tune(make(tmp_path, tiny, trials=5, space=space, seed=1))
    states = {one["values"]["learning_rate"]: one for one in found["trials"]}
    assert states[1e30]["state"] == "diverged"
    assert "Lower student.learning_rate" in states[1e30]["error"]
    assert found["trials"][found["best"]]["values"]["learning_rate"] == 5e-3
    assert any(one["same_as"] is not None for one in found["trials"])
    hopeless = stillhouse("tune", make(tmp_path, tiny, trials=1, space={"learning_rate": [1e30]}), cwd=tmp_path)
    assert hopeless.returncode == 1
    assert "no trial came to an end: the training loss is" in hopeless.stderr


def test_a_space_that_cannot_be_searched_exits_2_before_any_work(tmp_path: Path, tiny: Path) -> None:
    recipe = make(tmp_path, tiny, space={"lora.rnk": [1]})
    result = stillhouse("tune", recipe, cwd=tmp_path)
    assert result.returncode == 2
    assert "tune.space.lora.rnk" in result.stderr
    assert not (tmp_path / "runs").exists()
