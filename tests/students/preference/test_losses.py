from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from students.preference.losses import dpo_loss_B, kto_loss_B, kto_reference_point


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0.01, 1))
def test_dpo_wants_the_better_reply_likelier(better: float, worse: float, beta: float) -> None:
    loss, other = (
        dpo_loss_B(torch.tensor([x]), torch.tensor([y]), beta) for x, y in ((better, worse), (worse, better))
    )
    assert loss > 0
    # -log sigmoid(x) + log sigmoid(-x) = -x
    assert (loss - other).item() == pytest.approx(-beta * (better - worse), abs=1e-3)


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=6), st.floats(-5, 5))
def test_kto_pulls_good_replies_above_its_reference_point_and_bad_ones_below(ratios: list[float], point: float) -> None:
    values = torch.tensor(ratios, requires_grad=True)
    for label, sign in ((True, -1), (False, 1)):
        labels = torch.full((len(ratios),), label)
        losses = kto_loss_B(values, labels, torch.tensor(point), 0.1, (1.0, 2.0))
        assert bool((losses >= 0).all())
        assert bool((losses <= (1 if label else 2)).all())
        (slope,) = torch.autograd.grad(losses.sum(), values)
        assert bool((slope * sign > 0).all())


def test_the_reference_point_is_never_below_zero_and_teaches_nothing() -> None:
    ratios = torch.tensor([-3.0, 1.0], requires_grad=True)
    assert kto_reference_point(ratios) == 0
    assert kto_reference_point(ratios + 3) == pytest.approx(2)
    assert not kto_reference_point(ratios + 3).requires_grad
