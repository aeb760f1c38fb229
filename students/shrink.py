"""A student of some of its base's layers."""

from __future__ import annotations

import math
from typing import Any

from prompts.errors import InputError


def kept_layers(total: int, every: int) -> list[int]:
    """Which of `total` layers stay: ceil(total / every) of them, at least two, evenly spaced, both ends included.

    The ends stay because they speak the base's own input and output space: the first reads embeddings, the last
    writes what the head reads (arXiv:2403.17887 prunes deep layers but never the final one, for this reason).
    """
    count = min(total, max(2, math.ceil(total / every)))
    if count < 2:
        return list(range(total))
    return [round(index * (total - 1) / (count - 1)) for index in range(count)]


def shrink(model: Any, every: int) -> None:
    """Drops decoder layers of a transformers causal model in place, so that it saves, loads and caches as usual.

    Raises InputError for a model whose decoder is not one list of layers.
    """
    config = model.config.get_text_config()
    total = config.num_hidden_layers
    kept = kept_layers(total, every)
    decoder, name = _find_layers(model, total)
    layers = getattr(decoder, name)
    setattr(decoder, name, type(layers)(layers[index] for index in kept))
    for position, layer in enumerate(getattr(decoder, name)):
        _renumber(layer, position)
    _shrink_config(config, total, kept)


def _find_layers(model: Any, total: int) -> tuple[Any, str]:
    from torch import nn

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


def _shrink_config(config: Any, total: int, kept: list[int]) -> None:
    for field, value in config.to_dict().items():
        if "layer" in field and isinstance(value, list) and len(value) == total:
            setattr(config, field, [value[index] for index in kept])
    config.num_hidden_layers = len(kept)
