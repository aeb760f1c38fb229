"""On-policy distillation, on two-layer students with a real tokenizer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError
from students.config import StudentConfig
from students.finetune.train import train
from students.job import Job
from students.methods.on_policy import OnPolicy
from students.result import Progress, TrainResult
from tests.models import save_tiny
from tests.students.kills import same_after_a_kill
from tests.students.samples import HAM, SPAM, WriteCorpus, corpus_rows
from tests.students.sft.test_method import answer
from tests.students.sft.test_method import run as run_sft


@pytest.fixture(scope="session")
def taught(tiny: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A teacher that knows the labels, and a student that has begun to learn them."""
    config = StudentConfig(base=str(tiny), epochs=24, learning_rate=1e-2, batch_size=8, eval_every=24)
    begun = config.model_copy(update={"epochs": 3, "learning_rate": 5e-3})
    place = tmp_path_factory.mktemp("taught")
    run_sft(config, corpus, place / "teacher")
    run_sft(begun, corpus, place / "begun")
    return place / "teacher" / "student", place / "begun" / "student"


@pytest.fixture(scope="session")
def deeper(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher that knows nothing, and says it otherwise than the student does."""
    return save_tiny(tokenizer, tmp_path_factory.mktemp("deeper"), layers=3)


@pytest.fixture
def config(tiny: Path, deeper: Path) -> StudentConfig:
    settings = OnPolicy(teacher=str(deeper), beta=0.5, max_new_tokens=4)
    return StudentConfig(
        base=str(tiny), method="on_policy", on_policy=settings, epochs=3, learning_rate=5e-3, batch_size=8, eval_every=1
    )


def run(config: StudentConfig, corpus: Path, place: Path, steps: list[Progress] | None = None) -> TrainResult:
    heard = [] if steps is None else steps
    return train(
        Job(
            config,
            corpus=corpus,
            base=config.base,
            teacher=config.local_teacher,
            out=place / "student",
            work=place / "work",
        ),
        on_progress=heard.append,
    )


@pytest.mark.slow
def test_a_student_learns_from_what_a_teacher_makes_of_its_answers(
    config: StudentConfig, taught: tuple[Path, Path], corpus: Path, tmp_path: Path
) -> None:
    settings = OnPolicy(teacher=str(taught[0]), beta=0.5, max_new_tokens=4)
    config = config.model_copy(update={"on_policy": settings, "base": str(taught[1])})
    before = [answer(Path(config.base), subject) for subject in (SPAM, HAM)]
    steps: list[Progress] = []
    result = run(config.model_copy(update={"epochs": 8, "eval_every": 8}), corpus, tmp_path, steps)
    assert [answer(tmp_path / "student", subject) for subject in (SPAM, HAM)] == ["spam<|im_end|>", "ham<|im_end|>"]
    assert before != ["spam<|im_end|>", "ham<|im_end|>"]
    assert steps[-1].loss < steps[0].loss / 2
    assert result.rows + result.validation_rows + result.rows_too_long == 40
    assert result.tokens > 0
    assert "method: on_policy" in (tmp_path / "student" / "README.md").read_text()


def test_the_loss_does_not_depend_on_the_shape_of_the_batch(
    config: StudentConfig, corpus: Path, tmp_path: Path
) -> None:
    heard: list[list[Progress]] = [[], []]
    watched = []
    for steps, (size, accumulation) in zip(heard, ((8, 1), (2, 4)), strict=True):
        shape = {"batch_size": size, "accumulation": accumulation, "epochs": 1, "precision": "float32"}
        watched.append(run(config.model_copy(update=shape), corpus, tmp_path, steps).validation_loss)
    assert [step.loss for step in heard[0]] == pytest.approx([step.loss for step in heard[1]], abs=1e-5)
    assert watched[0] == pytest.approx(watched[1], abs=1e-5)


@pytest.mark.slow
def test_a_killed_training_draws_the_answers_that_an_undisturbed_one_does(
    config: StudentConfig, corpus: Path, tmp_path: Path
) -> None:
    same_after_a_kill(run, config, corpus, tmp_path, within=1e-6)


@pytest.mark.slow
def test_watching_more_often_changes_no_answer(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    heard: list[list[Progress]] = [[], []]
    for steps, often in zip(heard, (1.0, 0.2), strict=True):
        run(config.model_copy(update={"epochs": 1, "eval_every": often}), corpus, tmp_path, steps)
    assert [step.loss for step in heard[0]] == [step.loss for step in heard[1]]


def test_prompts_without_room_for_an_answer_are_counted(
    config: StudentConfig, write_corpus: WriteCorpus, tmp_path: Path
) -> None:
    rows = corpus_rows(12)
    rows[0]["prompt"][0]["content"] = "word " * 300
    result = run(config.model_copy(update={"max_length": 100, "epochs": 1}), write_corpus(rows), tmp_path)
    assert (result.rows_too_long, result.rows + result.validation_rows) == (1, 11)


def test_a_teacher_is_needed(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    alone = config.model_copy(update={"on_policy": None})
    with pytest.raises(InputError, match=r"student\.on_policy\.teacher.*needs a teacher in memory"):
        run(alone, corpus, tmp_path)


def test_another_teacher_begins_anew(config: StudentConfig, corpus: Path, tmp_path: Path, tiny: Path) -> None:
    from students.finetune.run_job import fingerprint

    job = Job(config, corpus, config.base, tmp_path / "out", tmp_path / "work", tmp_path, teacher=config.local_teacher)
    assert fingerprint(job, "corpus") != fingerprint(replace(job, teacher=str(tiny)), "corpus")


@pytest.mark.slow
def test_training_is_silent_and_says_nothing_to_the_hub(
    config: StudentConfig, corpus: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    from trl.trainer import base_trainer

    sent: list[object] = []
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(base_trainer, "send_telemetry", lambda **topic: sent.append(topic))
    run(config.model_copy(update={"epochs": 1}), corpus, tmp_path)
    assert capfd.readouterr() == ("", "")
    assert not sent
