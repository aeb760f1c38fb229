"""Hidden states of a teacher in memory, on small students with a real tokenizer."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from prompts.errors import InputError
from students.base.layers import evenly
from students.config import Features, StudentConfig
from students.features.layers import Projection, feature_loss, matched_layers, unit_rms
from tests.students.on_policy.test_method import run


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
