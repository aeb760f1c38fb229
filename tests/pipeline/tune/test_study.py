"""Optuna's part: proposals that a kill does not change, and a journal that it does not break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.recipe.tune import Range, Tune
from pipeline.tune.space import Space
from pipeline.tune.study import next_trial, open_study, report, twin_of

SPACE: Space = {"x": Range(low=0.0, high=1.0), "rank": Range(low=1, high=9), "kind": ["a", "b", None]}
TUNE = Tune(trials=12, seed=3)


def proposals(path: Path, tune: Tune, kill: Callable[[int], bool]) -> list[dict[str, Any]]:
    """What is tried where every trial for which `kill` says so is begun by one process and ended by another."""
    study = open_study(path, "s", tune)
    for number in range(tune.trials):
        if kill(number):
            next_trial(study, SPACE, tune.seed, {"x": 0.5, "rank": 2, "kind": None})
            study = open_study(path, "s", tune)
        trial = next_trial(study, SPACE, tune.seed, {"x": 0.5, "rank": 2, "kind": None})
        assert trial.number == number
        study.tell(trial, trial.params["x"] ** 2)
    return [trial.params for trial in open_study(path, "s", tune).trials]


def test_a_seed_proposes_the_same_whatever_is_killed(tmp_path: Path) -> None:
    undisturbed = proposals(tmp_path / "a", TUNE, lambda _: False)
    assert undisturbed[0] == {"x": 0.5, "rank": 2, "kind": None}
    assert proposals(tmp_path / "b", TUNE, lambda number: number % 3 == 1) == undisturbed
    assert proposals(tmp_path / "c", TUNE.model_copy(update={"seed": 4}), lambda _: False) != undisturbed


def test_a_torn_journal_loses_its_last_line_only(tmp_path: Path) -> None:
    path = tmp_path / "study.jsonl"
    study = open_study(path, "s", TUNE)
    for _ in range(3):
        study.tell(next_trial(study, SPACE, 0, None), 1.0)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in range(len(whole) - len(lines[-1]), len(whole), 20):
        path.write_bytes(whole[:cut])
        (tmp_path / "study.jsonl.lock").symlink_to(path)
        again = open_study(path, "s", TUNE)
        assert [trial.state.name for trial in again.trials] == ["COMPLETE", "COMPLETE", "RUNNING"]
        again.tell(next_trial(again, SPACE, 0, None), 1.0)
        assert all(trial.state.is_finished() for trial in open_study(path, "s", TUNE).trials)


@pytest.mark.parametrize(("prune", "given_up"), [(True, True), (False, False)])
def test_one_that_is_worse_than_the_median_is_given_up(tmp_path: Path, prune: bool, given_up: bool) -> None:
    study = open_study(tmp_path / "s", "s", Tune(prune=prune))
    for value in (1.0, 2.0, 3.0):
        trial = next_trial(study, SPACE, 0, None)
        assert not report(study, trial, 50, value)
        study.tell(trial, value)
    trial = next_trial(study, SPACE, 0, None)
    assert not report(study, trial, 50, 1.5)
    trial = next_trial(study, SPACE, 0, None)
    assert not report(study, trial, 100, 9.0)
    study.tell(trial, 9.0)
    trial = next_trial(study, SPACE, 0, None)
    assert report(study, trial, 50, 2.5) is given_up
    assert report(study, trial, 50, 0.1) is given_up  # told once: what a resumed trial measures again counts no more


def test_the_same_values_are_a_twin(tmp_path: Path) -> None:
    study = open_study(tmp_path / "s", "s", TUNE)
    only: Space = {"kind": ["a"]}
    first = next_trial(study, only, 0, None)
    assert twin_of(study, first) is None
    study.tell(first, 1.0)
    second = next_trial(study, only, 0, None)
    twin = twin_of(study, second)
    assert twin is not None
    assert twin.number == 0
