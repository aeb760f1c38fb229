from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.train.log import Curve, open_log, read_curve
from students.result import Progress


def write(path: Path, first: int, last: int, loss: float, every: int = 5) -> None:
    """Steps first to last of a training whose validation rows are measured every so many steps."""
    measured: float | None = None
    with open_log(path) as log:
        for step in range(first, last + 1):
            log.step(Progress(step, 100, loss + step, 1.0, 1.0, measured))
            measured = loss - step if step % every == 0 else measured


def test_losses_stand_at_the_step_they_were_measured_after(tmp_path: Path) -> None:
    path = tmp_path / "logs/train.jsonl"
    write(path, 1, 12, 0.5)
    curve = read_curve(path)
    assert curve.train == tuple((step, 0.5 + step) for step in range(1, 13))
    assert curve.validation == ((5, -4.5), (10, -9.5))


@given(killed=st.integers(2, 20), checkpoint=st.integers(1, 20))
def test_going_on_from_a_checkpoint_leaves_each_step_once(
    tmp_path_factory: pytest.TempPathFactory, killed: int, checkpoint: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "train.jsonl"
    write(path, 1, killed, 1.0)
    write(path, min(killed, checkpoint) + 1, 20, 2.0)
    steps = [step for step, _ in read_curve(path).train]
    assert steps == list(range(1, 21))


def test_a_new_training_forgets_the_old_one_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    write(path, 1, 12, 0.5)
    write(path, 1, 3, 7.0)
    with path.open("ab") as file:
        file.write(b'{"step": 4, "lo')
    assert read_curve(path) == Curve(((1, 8.0), (2, 9.0), (3, 10.0)))


def test_no_log_is_no_curve(tmp_path: Path) -> None:
    assert read_curve(tmp_path / "train.jsonl") == Curve()
