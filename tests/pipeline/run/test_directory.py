"""The run directory's lock."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path

import pytest

from pipeline.recipe.load import load_recipe
from pipeline.run.directory import RunDir, open_run
from pipeline.run.errors import RunBusy
from tests.pipeline.helpers import write_recipe


def test_a_glance_at_the_lock_turns_nobody_away(tmp_path: Path) -> None:
    recipe, root = load_recipe(write_recipe(tmp_path)), tmp_path / "run"
    root.mkdir()
    with RunDir(root).lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)  # as `status` does
        threading.Timer(0.06, lambda: fcntl.flock(lock, fcntl.LOCK_UN)).start()
        with open_run(root, recipe) as (run, _):
            assert run.is_locked()
    assert not run.is_locked()


def test_a_lock_that_stays_is_somebodys(tmp_path: Path) -> None:
    recipe, root = load_recipe(write_recipe(tmp_path)), tmp_path / "run"
    with (
        open_run(root, recipe),
        pytest.raises(RunBusy, match="is in use by process"),
        open_run(root, recipe),
    ):
        pytest.fail("two at once")
