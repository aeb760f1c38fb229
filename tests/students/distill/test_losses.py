"""The losses against their own definitions, over the whole vocabulary."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from students.distill.losses import NO_TOKEN, SoftTargets, Tempering, cross_entropy_N, full_kl_N, soft_target_loss_N


def head(logits_NV: torch.Tensor, size: int) -> SoftTargets:
    p_NV = logits_NV.double().log_softmax(-1)
    top = p_NV.topk(size, -1)
    tail_N = (1 - top.values.exp().sum(-1)).clamp(min=0)
    return SoftTargets(top.indices, top.values.float(), tail_N.float())


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), vocabulary=st.integers(3, 40), spread=st.floats(0.1, 6))
def test_the_whole_vocabulary_as_head_gives_the_full_kl(seed: int, vocabulary: int, spread: float) -> None:
    torch.manual_seed(seed)
    teacher, student = (torch.randn(4, vocabulary) * spread for _ in range(2))
    targets = head(teacher, vocabulary)
    whole = SoftTargets(targets.ids_NK, targets.logprobs_NK, torch.zeros(4))
    loss = soft_target_loss_N(student, whole, torch.zeros(4, dtype=torch.long))
    torch.testing.assert_close(loss, full_kl_N(teacher, student), atol=1e-4, rtol=1e-4)


def test_the_mean_gradient_over_samples_is_the_full_vocabularys() -> None:
    """5,000 tokens, every sample of the tail in turn, weighted by its probability: exact, not a simulation."""
    torch.manual_seed(0)
    vocabulary = 5000
    teacher = torch.randn(1, vocabulary) * 1.5
    student = torch.randn(1, vocabulary, requires_grad=True)
    (wanted,) = torch.autograd.grad(full_kl_N(teacher, student).sum(), student)
    p_V = teacher.double().softmax(-1)[0]
    targets = head(teacher, 20)
    rows = SoftTargets(*(part.expand(vocabulary, *part.shape[1:]) for part in targets_parts(targets)))
    every_token = torch.arange(vocabulary)
    losses = soft_target_loss_N(student.expand(vocabulary, -1), rows, every_token)
    (mean,) = torch.autograd.grad((losses * p_V.float()).sum(), student)
    assert (mean - wanted).abs().max() < 1e-6
    assert (mean - wanted).norm() / wanted.norm() < 1e-3
    (bucket,) = torch.autograd.grad(
        soft_target_loss_N(student, targets, torch.zeros(1, dtype=torch.long), tail_sampling=0).sum(), student
    )
    assert (bucket - wanted).norm() / wanted.norm() > 0.05, "the bucket alone is another gradient"


def targets_parts(targets: SoftTargets) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return targets.ids_NK, targets.logprobs_NK, targets.tail_N


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 8), temperature=st.floats(0.5, 4), sharpen=st.floats(0.5, 3))
def test_the_buckets_are_never_negative_and_zero_at_the_teacher(
    seed: int, size: int, temperature: float, sharpen: float
) -> None:
    torch.manual_seed(seed)
    teacher, student = (torch.randn(3, 30) * 2 for _ in range(2))
    targets, nothing = head(teacher, size), torch.zeros(3, dtype=torch.long)
    sharper, even = Tempering(temperature, sharpen), Tempering(temperature)
    assert (soft_target_loss_N(student, targets, nothing, tail_sampling=0.0, tempering=sharper) > -1e-4).all()
    assert soft_target_loss_N(teacher, targets, nothing, tail_sampling=0.0, tempering=even).abs().max() < 1e-4


def test_empty_places_count_for_nothing() -> None:
    torch.manual_seed(1)
    student, teacher = torch.randn(2, 9), torch.randn(2, 9)
    targets = head(teacher, 3)
    padded = SoftTargets(
        torch.cat([targets.ids_NK, torch.full((2, 2), 8)], -1),
        torch.cat([targets.logprobs_NK, torch.full((2, 2), NO_TOKEN)], -1),
        targets.tail_N,
    )
    sampled = torch.tensor([8, int(targets.ids_NK[1, 0])])
    torch.testing.assert_close(
        soft_target_loss_N(student, padded, sampled), soft_target_loss_N(student, targets, sampled)
    )


def test_a_sure_teacher_gives_cross_entropy() -> None:
    torch.manual_seed(2)
    student, sampled = torch.randn(5, 7), torch.arange(5)
    sure = SoftTargets(sampled[:, None], torch.zeros(5, 1), torch.zeros(5))
    torch.testing.assert_close(soft_target_loss_N(student, sure, sampled), cross_entropy_N(student, sampled))


@pytest.mark.parametrize("size", [1, 7])
def test_gradients_are_finite_where_logprobs_are_extreme(size: int) -> None:
    student = (torch.tensor([[80.0, 0, 0, 0, 0, 0, -80.0]])).requires_grad_()
    targets = head(torch.tensor([[-90.0, 90, 0, 0, 0, 0, 0]]), size)
    soft_target_loss_N(student, targets, torch.tensor([6])).sum().backward()  # type: ignore[no-untyped-call]
    assert student.grad is not None
    assert student.grad.isfinite().all()
