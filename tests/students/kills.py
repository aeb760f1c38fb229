"""Trainings that are killed as `kill -9` does, and what they must come to all the same."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from students.config import StudentConfig
from students.result import TrainResult

Run = Callable[[StudentConfig, Path, Path], TrainResult]
"""Trains with this config and corpus in a folder."""


def command(config: StudentConfig, corpus: Path, place: Path, step: int = -1) -> list[str]:
    """A training of its own process that kills itself at `step`, or never."""
    paths = (corpus, config.base, place / "student", place / "work")
    teacher = [config.local_teacher] if config.local_teacher else []
    module = "tests.students.killed_training"
    return [sys.executable, "-m", module, config.model_dump_json(), *map(str, paths), str(step), *teacher]


def killed(config: StudentConfig, corpus: Path, place: Path, step: int) -> None:
    ended = subprocess.run(command(config, corpus, place, step), stdout=subprocess.DEVNULL, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not (place / "student").exists()


def same_after_a_kill(run: Run, config: StudentConfig, corpus: Path, place: Path, within: float) -> None:
    """Killed at step 8, two steps after a checkpoint, it ends as one that was left alone does, to `within`."""
    often = config.model_copy(update={"eval_every": 0.6})
    undisturbed = run(often, corpus, place / "a")
    killed(often, corpus, place / "b", step=8)
    again = run(often, corpus, place / "b")
    assert (undisturbed.resumed_from, again.resumed_from) == (None, 6)
    for name in ("train_loss", "validation_loss", "tokens", "steps", "best_step"):
        assert getattr(again, name) == pytest.approx(getattr(undisturbed, name), abs=within), name
