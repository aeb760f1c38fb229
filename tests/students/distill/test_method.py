"""Distillation from stored probabilities, on a two-layer student with a real tokenizer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError
from students.config import StudentConfig
from students.distill import method as distill
from students.finetune.train import train
from students.job import Job
from students.methods.distill import Distill
from students.sft import method as sft
from tests.students.distill.samples import with_tokens, write
from tests.students.kills import same_after_a_kill
from tests.students.samples import corpus_rows
from tests.students.sft.test_method import answer, run


def alternatives(**shares: float) -> list[dict[str, Any]]:
    return [{"bytes": text.encode(), "id": None, "logprob": math.log(share)} for text, share in shares.items()]


@pytest.fixture
def config(tiny: Path) -> StudentConfig:
    return StudentConfig(base=str(tiny), method="distill", epochs=3, learning_rate=5e-3, batch_size=8, eval_every=1)


def test_a_student_learns_from_logprobs(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    more = config.model_copy(update={"epochs": 24, "eval_every": 12, "learning_rate": 1e-2})
    result = run(more, corpus, tmp_path)
    assert [answer(tmp_path / "student", subject) for subject in ("cheap pills", "project meeting")] == [
        "spam<|im_end|>",
        "ham<|im_end|>",
    ]
    assert result.measures == {
        "soft_target_coverage": 1.0,
        "soft_target_head_mass": pytest.approx(0.95, abs=0.05),
        "rows_without_soft_targets": 0,
    }
    assert "soft target coverage" in (tmp_path / "student" / "README.md").read_text()


def test_the_loss_does_not_depend_on_the_shape_of_the_batch(
    config: StudentConfig, corpus: Path, tmp_path: Path
) -> None:
    heard: list[list[Any]] = [[], []]
    for steps, (size, accumulation) in zip(heard, ((8, 1), (2, 4)), strict=True):
        shape = {"batch_size": size, "accumulation": accumulation, "epochs": 1, "precision": "float32"}
        run(config.model_copy(update={"distill": Distill(a_ce=0.5, a_kd=0.5)} | shape), corpus, tmp_path, steps)
    assert [step.loss for step in heard[0]] == pytest.approx([step.loss for step in heard[1]], abs=1e-5)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_training_ends_as_an_undisturbed_one(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    same_after_a_kill(run, config, corpus, tmp_path, within=1e-6)


def test_a_teacher_without_logprobs_is_refused(config: StudentConfig, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"0% of the answer tokens.*top_logprobs"):
        run(config, write(corpus_rows(), tmp_path), tmp_path)


def test_train_keeps_the_targets_in_its_cache(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    train(
        Job(
            config,
            corpus=corpus,
            base=config.base,
            out=tmp_path / "s",
            work=tmp_path / "w",
            cache_folder=tmp_path / "cache",
        )
    )
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".parquet"]


def test_distill_tells_answers_apart_as_sft_does(tiny: Path, tokenizer: Any, tmp_path: Path) -> None:
    rows = corpus_rows(40)
    rows[3]["completion"][0]["content"] = "a long answer, which is no label, " * 8
    corpus = write(with_tokens(rows, tokenizer), tmp_path)
    job = Job(StudentConfig(base=str(tiny)), corpus, str(tiny), tmp_path / "s", tmp_path / "w", tmp_path)
    answers, same = (list(method.load_data(job, tokenizer).answers) for method in (distill, sft))
    assert answers == same
    assert len(set(answers)) == 3  # spam, ham, and what is no label
    assert answers.count(None) == 1
