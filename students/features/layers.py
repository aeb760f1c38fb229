"""Hidden states of a teacher in memory, beside the loss of another method: which layers, and how far they are apart.

Shapes: B rows, T tokens, M real tokens of a batch, S the student's width, D the teacher's, L matched pairs of layers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, linear

from prompts.errors import InputError

DEFAULT_LAYERS = 4
"""Matched unless chosen: enough to guide the depth, and few enough projections."""


def matched_layers(chosen: Sequence[int] | None, student: int, teacher: int) -> list[tuple[int, int]]:
    """Pairs of a student's and a teacher's layer at the same share of the depth, given both their numbers of layers.

    Ends meet ends, as `shrink` spaces the layers that it keeps: a student evenly shrunk from its teacher meets the
    layers that it was made of. Negative numbers count from the end. Raises InputError for a layer that is not there.
    """
    if chosen is None:
        count = min(DEFAULT_LAYERS, student)
        # The end of each of `count` equal parts: the last layer is always among them.
        chosen = [math.ceil((place + 1) * student / count) - 1 for place in range(count)]
    pairs = []
    for number in chosen:
        layer = _counted(number, student)
        pairs.append((layer, _opposite(layer, student, teacher)))
    return pairs


def _counted(layer: int, layers: int) -> int:
    if not -layers <= layer < layers:
        remedy = f"The student has {layers} layers: 0 to {layers - 1}, or -1 for the last"
        raise InputError(f"there is no layer {layer}", field="student.features.layers", remedy=remedy)
    return layer % layers


def _opposite(layer: int, student: int, teacher: int) -> int:
    if student == 1:
        return teacher - 1  # its only layer writes what the head reads, as the teacher's last does
    return round(layer * (teacher - 1) / (student - 1))


class Projection(nn.Module):
    """From the student's states to the teacher's: a linear map for each pair of layers, learned with the student.

    It begins as the identity where the widths are equal, else orthogonal (the student's states keep their angles). Its
    weights are no nn.Linear, which `student.lora` would adapt.
    """

    def __init__(self, pairs: int, student: int, teacher: int, seed: int) -> None:
        super().__init__()
        chance = torch.Generator().manual_seed(seed)
        if student == teacher:
            start = torch.eye(teacher)
        else:
            start = torch.empty(teacher, student)
            nn.init.orthogonal_(start, generator=chance)
        self.weights_LDS = nn.ParameterList([nn.Parameter(start.clone()) for _ in range(pairs)])

    def forward(self, states_LMS: list[Tensor]) -> list[Tensor]:
        """Each layer's states in the teacher's width; their length is not what is compared, so they begin at rms 1."""
        projected_LMD = []
        for states_MS, weight_DS in zip(states_LMS, self.weights_LDS, strict=True):
            projected_LMD.append(linear(unit_rms(states_MS), weight_DS))
        return projected_LMD


def unit_rms(states_MD: Tensor) -> Tensor:
    """States scaled to a mean square of 1, as the norm before the next layer reads them.

    Unscaled, the few enormous activations of trained models (arXiv:2402.17762) would be most of any squared error.
    """
    states_MD = states_MD.float()
    return states_MD * torch.rsqrt(
        states_MD.square().mean(dim=-1, keepdim=True) + 1e-6
    )  # as in RMSNorm: no division by 0


def feature_loss(
    projected_LMD: Sequence[Tensor], teacher_LMD: Sequence[Tensor], kind: Literal["mse", "cosine"]
) -> Tensor:
    """The distance of the states, a mean over layers and a sum over tokens.

    `mse`: FitNets' and TinyBERT's squared error (arXiv:1412.6550, arXiv:1909.10351), a mean over the width;
    `cosine`: DistilBERT's 1 - cosine (arXiv:1910.01108).
    """
    distances = []
    for projected_MD, teacher_MD in zip(projected_LMD, teacher_LMD, strict=True):
        wanted_MD = unit_rms(teacher_MD)
        if kind == "mse":
            distances.append(_squared(projected_MD, wanted_MD))
        else:
            distances.append(_angular(projected_MD, wanted_MD))
    return torch.stack(distances).mean()


def _squared(projected_MD: Tensor, teacher_MD: Tensor) -> Tensor:
    return (projected_MD - teacher_MD).square().mean(dim=-1).sum()


def _angular(projected_MD: Tensor, teacher_MD: Tensor) -> Tensor:
    return (1 - cosine_similarity(projected_MD, teacher_MD, dim=-1)).sum()
