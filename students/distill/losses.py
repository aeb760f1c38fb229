"""The losses of distillation, as pure functions.

Shapes: N positions with a soft target, K captured tokens of each, V the student's vocabulary. Logprobs are in nats.
A soft target is the head of a teacher's distribution: K tokens with their probabilities p, and a tail P_t = 1 - sum p.
It is never renormalised over the head: the tail is a bucket of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

NO_TOKEN = float("-inf")
"""The logprob of a place in the head that holds no token."""


@dataclass(slots=True, frozen=True)
class Tempering:
    """Makes distributions flatter or surer before they are compared."""

    temperature: float = 1.0
    """Flattens both sides, p^(1/T)."""
    sharpen: float = 1.0
    """Raises the teacher's probabilities alone to this power."""


AS_THEY_ARE = Tempering()


@dataclass(slots=True, frozen=True)
class SoftTargets:
    """A teacher's thoughts of what comes next, at N positions."""

    ids_NK: Tensor
    """Student token ids, each once a row; where the logprob is NO_TOKEN the id counts for nothing."""
    logprobs_NK: Tensor
    tail_N: Tensor
    """The probability outside the head, 0 to 1."""


def cross_entropy_N(logits_NV: Tensor, sampled_N: Tensor) -> Tensor:
    """-log q(y) of the sampled tokens, in float32."""
    logits_NV = logits_NV.float()
    return logits_NV.logsumexp(-1) - logits_NV.gather(-1, sampled_N[:, None]).squeeze(-1)


def soft_target_loss_N(
    logits_NV: Tensor,
    targets: SoftTargets,
    sampled_N: Tensor,
    *,
    tail_sampling: float | Tensor = 1.0,
    tempering: Tempering = AS_THEY_ARE,
) -> Tensor:
    """KL of the student q from a teacher p whose head alone is known, at each position, in nats.

        sum_K p log(p/q) + P_t log(P_t/Q_t) + tail_sampling * [y not in K] * -log(q_y / Q_t)

    The first two terms are the KL of the K + 1 buckets. The third is a one-sample estimate of the cross-entropy inside
    the tail: at `tail_sampling` = 1 the gradient of the whole is an unbiased estimate of the full-vocabulary KL's,
    where y was sampled at temperature 1 and top_p 1 (Anshumann et al. 2025, arXiv:2503.16870, compares such
    estimates; it renormalises none). `tail_sampling` may be a tensor of N. Tempering is of the K + 1 buckets, and the
    result is times T^2, as in Hinton et al. 2015 (arXiv:1503.02531). With either setting away from 1 the third term is
    no longer unbiased.
    """
    temperature = tempering.temperature
    logits_NV = logits_NV.float()
    filled_NK = targets.logprobs_NK > NO_TOKEN
    head_NK, tail_N = student_buckets(logits_NV, targets.ids_NK, filled_NK)
    p_NB = teacher_buckets(targets, tempering.sharpen / temperature)
    q_NB = (torch.cat([head_NK.masked_fill(~filled_NK, NO_TOKEN), tail_N[:, None]], -1) / temperature).log_softmax(-1)
    # A bucket that the teacher leaves empty adds 0, whatever the student gives it: 0 log 0, and no gradient of inf.
    held_NB = p_NB > NO_TOKEN
    gap_NB = p_NB.masked_fill(~held_NB, 0.0) - q_NB.masked_fill(~held_NB, 0.0)
    buckets_N = (p_NB.exp() * gap_NB).sum(-1) * temperature**2
    in_head_N = ((targets.ids_NK == sampled_N[:, None]) & filled_NK).any(-1)
    sampled_log_q_N = logits_NV.gather(-1, sampled_N[:, None]).squeeze(-1) - logits_NV.logsumexp(-1)
    inside_tail_N = (tail_N - sampled_log_q_N).masked_fill(in_head_N, 0.0)
    return buckets_N + tail_sampling * inside_tail_N


def student_buckets(logits_NV: Tensor, ids_NK: Tensor, filled_NK: Tensor) -> tuple[Tensor, Tensor]:
    """log q of the head's tokens (N, K), and log Q_t of everything else (N).

    The tail is summed from the logits outside the head, not as 1 - sum q: that loses all digits where the head has
    nearly everything.
    """
    all_N = logits_NV.logsumexp(-1)
    head_NK = logits_NV.gather(-1, ids_NK) - all_N[:, None]
    # Empty places point at the row's first token, which is masked anyway.
    masked_NK = torch.where(filled_NK, ids_NK, ids_NK[:, :1])
    tail_N = logits_NV.scatter(-1, masked_NK, NO_TOKEN).logsumexp(-1) - all_N
    return head_NK, tail_N


def teacher_buckets(targets: SoftTargets, power: float = 1.0) -> Tensor:
    """log p of the K + 1 buckets raised to `power`, the tail last; a bucket without mass is NO_TOKEN. (N, K + 1)."""
    buckets_NB = torch.cat([targets.logprobs_NK.float(), targets.tail_N.float().log()[:, None]], -1)
    return (buckets_NB * power).log_softmax(-1)  # sums to 1 but for rounding; with a power it must be made to


def full_kl_N(teacher_logits_NV: Tensor, student_logits_NV: Tensor) -> Tensor:
    """KL(p || q) over the whole vocabulary, in nats: what the losses above estimate from a head."""
    p_NV = teacher_logits_NV.float().log_softmax(-1)
    q_NV = student_logits_NV.float().log_softmax(-1)
    return (p_NV.exp() * (p_NV - q_NV)).sum(-1)
