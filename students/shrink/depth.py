"""A student of some of its base's layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prompts.errors import InputError
from students.base.layers import find_layers


def most_important(importance: Sequence[float], keep: int) -> list[int]:
    """The `keep` layers of the highest importance, in the model's order; of equals the earlier."""
    by_importance = sorted(range(len(importance)), key=lambda index: -importance[index])
    return sorted(by_importance[:keep])


def keep_layers(model: Any, kept: Sequence[int]) -> None:
    """Drops all other decoder layers, in place, so that the model saves, loads and caches as usual.

    Raises InputError for a model whose decoder is not one list of layers, or that has no such layer.
    """
    config = model.config.get_text_config()
    total = config.num_hidden_layers
    decoder, name = find_layers(model)
    for index in kept:
        if index >= total:
            remedy = f"The base has {total} layers, 0 to {total - 1}"
            raise InputError(f"there is no layer {index}", field="student.shrink.layers", remedy=remedy)
    layers = getattr(decoder, name)
    setattr(decoder, name, type(layers)(layers[index] for index in kept))
    for position, layer in enumerate(getattr(decoder, name)):
        _renumber(layer, position)
    _shrink_config(config, total, kept)


def _renumber(layer: Any, position: int) -> None:
    # Attention finds its keys and values in the cache by this number.
    for module in layer.modules():
        if hasattr(module, "layer_idx"):
            module.layer_idx = position


def _shrink_config(config: Any, total: int, kept: Sequence[int]) -> None:
    # Some families list a kind of attention for each layer, under names of their own.
    for field, value in config.to_dict().items():
        if "layer" in field and isinstance(value, list) and len(value) == total:
            setattr(config, field, [value[index] for index in kept])
    config.num_hidden_layers = len(kept)
