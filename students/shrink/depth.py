"""A student of some of its base's layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def most_important(importance: Sequence[float], keep: int) -> list[int]:
    """The `keep` layers of the highest importance, in the model's order; of equals the earlier."""
    return sorted(sorted(range(len(importance)), key=lambda index: -importance[index])[:keep])


def layers_of(model: Any) -> Any:
    """The ModuleList of a transformers causal model's decoder; InputError where it has no such list."""
    decoder, name = _find_layers(model)
    return getattr(decoder, name)


def keep_layers(model: Any, kept: Sequence[int]) -> None:
    """Drops all other decoder layers, in place, so that the model saves, loads and caches as usual.

    Raises InputError for a model whose decoder is not one list of layers, or that has no such layer.
    """
    config = model.config.get_text_config()
    total = config.num_hidden_layers
    decoder, name = _find_layers(model)
    if beyond := [index for index in kept if index >= total]:
        remedy = f"The base has {total} layers, 0 to {total - 1}"
        raise InputError(f"there is no layer {beyond[0]}", field="student.shrink.layers", remedy=remedy)
    layers = getattr(decoder, name)
    setattr(decoder, name, type(layers)(layers[index] for index in kept))
    for position, layer in enumerate(getattr(decoder, name)):
        _renumber(layer, position)
    _shrink_config(config, total, kept)


def _find_layers(model: Any) -> tuple[Any, str]:
    from torch import nn

    total = model.config.get_text_config().num_hidden_layers
    decoder = model.get_decoder()
    for name, child in decoder.named_children():
        if isinstance(child, nn.ModuleList) and len(child) == total:
            return decoder, name
    raise InputError(f"{type(model).__name__} has no list of {total} layers to shrink", field="student.shrink")


def _renumber(layer: Any, position: int) -> None:
    # Attention finds its keys and values in the cache by this number.
    for module in layer.modules():
        if hasattr(module, "layer_idx"):
            module.layer_idx = position


def _shrink_config(config: Any, total: int, kept: Sequence[int]) -> None:
    for field, value in config.to_dict().items():
        if "layer" in field and isinstance(value, list) and len(value) == total:
            setattr(config, field, [value[index] for index in kept])
    config.num_hidden_layers = len(kept)
