"""Hidden states of a teacher in memory, on small students with a real tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from prompts.errors import InputError
from students.base.layers import evenly
from students.config import Features, Lora, Shrink, StudentConfig
from students.features.layers import Projection, feature_loss, matched_layers, unit_rms
from students.methods.distill import Distill
from students.result import Progress
from tests.models import save_tiny
from tests.students.distill.test_method import with_tokens, write
from tests.students.kills import same_after_a_kill
from tests.students.on_policy.test_method import run
from tests.students.samples import corpus_rows


@pytest.fixture(scope="session")
def deep(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher of four layers."""
    return save_tiny(tokenizer, tmp_path_factory.mktemp("deep"), layers=4)


@pytest.fixture
def config(tiny: Path, deep: Path) -> StudentConfig:
    features = Features(teacher=str(deep))
    return StudentConfig(
        base=str(tiny), features=features, epochs=3, learning_rate=5e-3, batch_size=8, eval_every=1, max_length=256
    )


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


@pytest.mark.parametrize(
    ("layers", "message"), [([2], "there is no layer 2. The student has 2 layers: 0 to 1"), ([-3], "no layer -3")]
)
def test_layers_that_are_not_there_are_named(
    config: StudentConfig, layers: list[int], message: str, corpus: Path, tmp_path: Path
) -> None:
    features = Features(teacher=config.base, layers=layers)
    with pytest.raises(InputError, match=message):
        run(config.model_copy(update={"features": features}), corpus, tmp_path)


@given(st.integers(2, 80), st.integers(2, 80))
def test_a_student_evenly_shrunk_meets_the_layers_that_it_was_made_of(total: int, keep: int) -> None:
    keep = min(keep, total)
    assert [teacher for _, teacher in matched_layers(range(keep), keep, total)] == evenly(total, keep)


@given(st.integers(1, 80), st.integers(1, 80))
def test_layers_meet_in_order_and_the_last_meet(student: int, teacher: int) -> None:
    pairs = matched_layers(None, student, teacher)
    assert pairs[-1] == (student - 1, teacher - 1)
    assert pairs == sorted(pairs)
    assert len({layer for layer, _ in pairs}) == min(4, student)


def test_distances_in_closed_form() -> None:
    states_MD = torch.tensor([[3.0, 0.0], [0.0, 5.0]])
    turned_MD = states_MD.flip(-1)
    assert torch.allclose(unit_rms(states_MD).square().mean(-1), torch.ones(2))
    unit_MD = unit_rms(turned_MD)
    assert feature_loss([unit_MD], [states_MD], "mse").item() == pytest.approx(4)  # each (2 + 2) / 2, two tokens
    assert feature_loss([unit_MD], [states_MD], "cosine").item() == pytest.approx(2)
    assert feature_loss([unit_rms(states_MD)], [states_MD * 7], "mse").item() == pytest.approx(0, abs=1e-5)


def test_a_projection_to_another_width_keeps_angles() -> None:
    states_MS = torch.randn(5, 8)
    (wide_MD,) = Projection(1, 8, 12, seed=0)([states_MS])
    unit_MS = unit_rms(states_MS)
    torch.testing.assert_close(wide_MD @ wide_MD.T, unit_MS @ unit_MS.T)
