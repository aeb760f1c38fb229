"""A model's decoder layers: where they are, and which an even choice keeps."""

from __future__ import annotations

import math
from typing import Any

from prompts.errors import InputError


def kept_layers(total: int, every: int) -> list[int]:
    """One in `every` of `total` layers: ceil(total / every) of them, at least two."""
    return evenly(total, min(total, max(2, math.ceil(total / every))))


def evenly(total: int, keep: int) -> list[int]:
    """`keep` of `total` layers, evenly spaced, both ends included.

    The ends stay because they speak the base's own input and output space: the first reads embeddings, the last
    writes what the head reads (arXiv:2403.17887 prunes deep layers but never the final one, for this reason).
    """
    if keep < 2:
        return list(range(total))[-keep:]
    return [round(index * (total - 1) / (keep - 1)) for index in range(keep)]


def layers_of(model: Any) -> Any:
    """The ModuleList of a transformers causal model's decoder; InputError where it has no such list."""
    decoder, name = find_layers(model)
    return getattr(decoder, name)


def first_input(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The hidden states that a decoder layer is given, by place or by name."""
    if args:
        return args[0]
    return kwargs["hidden_states"]


def first_output(output: Any) -> Any:
    """The hidden states that a decoder layer puts out, which some families return as the first of several."""
    if isinstance(output, tuple):
        return output[0]
    return output


def find_layers(model: Any) -> tuple[Any, str]:
    """The decoder and the name of its list of layers; InputError where it has no such list."""
    from torch import nn

    total = model.config.get_text_config().num_hidden_layers
    decoder = model.get_decoder()
    for name, child in decoder.named_children():
        if isinstance(child, nn.ModuleList) and len(child) == total:
            return decoder, name
    raise InputError(f"{type(model).__name__} has no list of {total} layers to shrink", field="student.shrink")
