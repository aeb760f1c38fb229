"""Hidden states of a teacher in memory, on small students with a real tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from students.config import Features, Lora, Shrink, StudentConfig
from students.methods.distill import Distill
from students.result import Progress
from tests.students.distill.samples import with_tokens, write
from tests.students.kills import same_after_a_kill
from tests.students.on_policy.test_method import run
from tests.students.samples import corpus_rows


def names(student: Path) -> set[str]:
    with safe_open(student / "model.safetensors", framework="numpy") as file:
        return set(file.keys())


@pytest.mark.slow
def test_the_states_come_closer_and_the_projection_stays_behind(
    config: StudentConfig, corpus: Path, tmp_path: Path
) -> None:
    with_features: list[Progress] = []
    result = run(config, corpus, tmp_path / "a", with_features)
    plain: list[Progress] = []
    alone = run(config.model_copy(update={"features": None}), corpus, tmp_path / "b", plain)
    more = [one.loss - other.loss for one, other in zip(with_features, plain, strict=True)]
    assert more[0] > 0.5  # two random models: squared errors of states of mean square 1
    assert more[-1] < more[0]
    assert names(tmp_path / "a" / "student") == names(tmp_path / "b" / "student")
    assert result.parameters == alone.parameters
    assert "features:" in (tmp_path / "a" / "student" / "README.md").read_text()


def test_a_student_is_at_no_distance_from_itself(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    first: list[list[Progress]] = [[], []]
    itself = Features(teacher=config.base, weight=100)
    for steps, features in zip(first, (itself, None), strict=True):
        run(
            config.model_copy(update={"features": features, "epochs": 1, "precision": "float32"}),
            corpus,
            tmp_path,
            steps,
        )
    assert first[0][0].loss == pytest.approx(first[1][0].loss, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["sft", "distill"])
def test_the_loss_does_not_depend_on_the_shape_of_the_batch(
    config: StudentConfig, method: str, tokenizer: Any, tmp_path: Path
) -> None:
    rows = with_tokens(corpus_rows(), tokenizer)
    for number, row in enumerate(rows):  # prompts of unlike lengths, so that batches hold unlike numbers of tokens
        row["prompt"][0]["content"] += " more" * (number % 9 * 5)
    corpus = write(rows, tmp_path)
    both = config.model_copy(update={"method": method, "distill": Distill() if method == "distill" else None})
    heard: list[list[Progress]] = [[], []]
    for steps, (size, accumulation) in zip(heard, ((8, 1), (2, 4)), strict=True):
        shape = {"batch_size": size, "accumulation": accumulation, "epochs": 1, "precision": "float32"}
        run(both.model_copy(update=shape), corpus, tmp_path, steps)
    assert [step.loss for step in heard[0]] == pytest.approx([step.loss for step in heard[1]], abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("lora", [None, Lora(rank=4, dropout=0.2)])
def test_a_killed_training_ends_as_an_undisturbed_one(
    config: StudentConfig, lora: Lora | None, corpus: Path, tmp_path: Path
) -> None:
    same_after_a_kill(run, config.model_copy(update={"lora": lora}), corpus, tmp_path, within=1e-5)
    assert names(tmp_path / "b" / "student") == names(tmp_path / "a" / "student")
    assert not [name for name in names(tmp_path / "b" / "student") if "feature" in name or "lora" in name]


def test_a_shrunk_student_learns_from_what_it_was_made_of(
    config: StudentConfig, deep: Path, corpus: Path, tmp_path: Path
) -> None:
    features = Features(teacher=str(deep), layers=[0, -1], loss="cosine")
    shrunk = {"base": str(deep), "shrink": Shrink(every=2), "features": features, "epochs": 1}
    assert run(config.model_copy(update=shrunk), corpus, tmp_path).steps == 5
