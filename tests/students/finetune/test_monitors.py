"""What a training reports to TensorBoard and Trackio, read back from their own files."""

from __future__ import annotations

import sqlite3
from importlib.util import find_spec
from pathlib import Path

import pytest

from prompts.errors import MissingExtra
from students.config import StudentConfig
from students.finetune import monitors
from students.finetune.monitors import require_monitors
from students.finetune.train import train
from students.job import Job
from students.result import Progress


@pytest.fixture
def config(tiny: Path) -> StudentConfig:
    return StudentConfig(base=str(tiny), epochs=1, learning_rate=5e-3, batch_size=8, eval_every=0.5)


def run(config: StudentConfig, corpus: Path, place: Path) -> list[Progress]:
    steps: list[Progress] = []
    train(
        Job(
            config,
            corpus=corpus,
            base=config.base,
            out=place / "student",
            work=place / "work/checkpoints",
            logs=place / "logs",
        ),
        on_progress=steps.append,
    )
    return steps


def test_tensorboard_has_every_step(
    config: StudentConfig, corpus: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    steps = run(config.model_copy(update={"report_to": ["tensorboard"]}), corpus, tmp_path)
    assert capfd.readouterr().out == ""
    events = EventAccumulator(str(tmp_path / "logs/tensorboard"))
    events.Reload()
    losses = events.Scalars("train/loss")
    assert [event.step for event in losses] == [step.step for step in steps]
    assert [event.value for event in losses] == pytest.approx([step.loss for step in steps])
    assert events.Scalars("eval/loss")


def test_trackio_has_every_step(
    config: StudentConfig,
    corpus: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TRACKIO_DIR", raising=False)
    steps = run(config.model_copy(update={"report_to": ["trackio"]}), corpus, tmp_path)
    assert capfd.readouterr().out == ""
    (database,) = (tmp_path / "logs/trackio").glob("*.db")
    with sqlite3.connect(database) as connection:
        rows = connection.execute("select run_name, metrics from metrics").fetchall()
    assert {name for name, _ in rows} == {tmp_path.name}
    assert sum('"train/loss"' in str(metrics) for _, metrics in rows) == len(steps)


def test_a_monitor_that_is_not_installed_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitors, "find_spec", lambda name: None if name == "wandb" else find_spec(name))
    with pytest.raises(MissingExtra, match=r"report_to: wandb needs an extra: pip install 'stillhouse\[wandb\]'"):
        require_monitors(["tensorboard", "wandb"])


def test_whom_it_is_told_to_decides_no_weights(config: StudentConfig) -> None:
    assert config.deciding() == config.model_copy(update={"report_to": ["tensorboard"]}).deciding()
