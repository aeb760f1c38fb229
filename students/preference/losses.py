"""Losses of preferences: pure functions of log-probabilities of whole replies, in nats.

Shapes: B pairs or replies. A log-ratio is log student(reply | prompt) - log reference(reply | prompt).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import logsigmoid


def dpo_loss_B(chosen_logratios_B: Tensor, rejected_logratios_B: Tensor, beta: float) -> Tensor:
    """-log sigmoid(beta * (chosen - rejected)): equation 7 of Rafailov et al. 2023, arXiv:2305.18290."""
    return -logsigmoid(beta * (chosen_logratios_B - rejected_logratios_B))


def kto_loss_B(
    logratios_B: Tensor, desirable_B: Tensor, reference_point: Tensor, beta: float, weights: tuple[float, float]
) -> Tensor:
    """weight * (1 - sigmoid(+-beta * (log-ratio - reference point))): equation 8 of Ethayarajh et al. 2024,
    arXiv:2402.01306. `weights` are those of a desirable and of an undesirable reply.
    """
    signs_B = desirable_B.to(logratios_B.dtype) * 2 - 1
    weights_B = desirable_B * weights[0] + (~desirable_B) * weights[1]
    return weights_B * (-signs_B * beta * (logratios_B - reference_point)).sigmoid()


def kto_reference_point(mismatched_logratios_B: Tensor) -> Tensor:
    """The student's distance from the reference: their KL, estimated from replies to other prompts, at least 0.

    Nothing is learnt through it, as in the paper's section 4.1.
    """
    return mismatched_logratios_B.detach().mean().clamp(min=0)
