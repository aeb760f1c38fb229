"""Early stopping: it ends where it should, keeps the best weights, and a kill changes neither."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from students.config import StudentConfig
from students.finetune.train import train
from students.job import Job
from students.result import Progress, TrainResult
from tests.students.kills import killed
from tests.students.samples import WriteCorpus, corpus_rows


@pytest.fixture
def config(tiny: Path) -> StudentConfig:
    """Labels without a rule: from some step on, watching gets worse."""
    return StudentConfig(
        base=str(tiny), epochs=15, learning_rate=1e-2, eval_every=1, patience=2, schedule="constant", warmup_ratio=0
    )


@pytest.fixture
def noise(write_corpus: WriteCorpus) -> Path:
    rows, chance = corpus_rows(24), random.Random(0)
    for row in rows:
        row["completion"][0]["content"] = chance.choice(("spam", "ham"))
    return write_corpus(rows)


def run(config: StudentConfig, corpus: Path, place: Path, steps: list[Progress] | None = None) -> TrainResult:
    heard = [] if steps is None else steps
    return train(
        Job(config, corpus=corpus, base=config.base, out=place / "student", work=place / "work"),
        on_progress=heard.append,
    )


def test_it_stops_after_so_many_measurements_and_keeps_the_best(
    config: StudentConfig, noise: Path, tmp_path: Path
) -> None:
    result = run(config, noise, tmp_path)
    per_epoch = result.planned_steps // 15
    assert result.steps < result.planned_steps
    assert result.steps == result.best_step + 2 * per_epoch
    assert f"| planned steps | {result.planned_steps} |" in (tmp_path / "student/README.md").read_text()


@pytest.mark.parametrize(
    "evaluations", [pytest.param(0, marks=pytest.mark.slow), 1, pytest.param(2, marks=pytest.mark.slow)]
)
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_kill_forgets_no_measurement(config: StudentConfig, noise: Path, tmp_path: Path, evaluations: int) -> None:
    undisturbed = run(config, noise, tmp_path / "a")
    per_epoch = undisturbed.planned_steps // 15
    killed(config, noise, tmp_path / "b", step=undisturbed.best_step + evaluations * per_epoch + 1 - (evaluations == 2))
    again = run(config, noise, tmp_path / "b")
    assert again.resumed_from is not None
    assert (again.steps, again.best_step) == (undisturbed.steps, undisturbed.best_step)
    assert again.validation_loss == pytest.approx(undisturbed.validation_loss, abs=5e-4)


def test_without_patience_every_epoch_is_trained(config: StudentConfig, noise: Path, tmp_path: Path) -> None:
    result = run(config.model_copy(update={"patience": None, "epochs": 8}), noise, tmp_path)
    assert result.steps == result.planned_steps
