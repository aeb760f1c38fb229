"""A key-value cache in slots: rows of different lengths side by side, each with its own positions.

A row's tokens stand from column 0 of its slot without gaps, so that a prefix is copied in, a row joins and
another leaves without moving the rest. The space is allocated ahead: transformers' DynamicCache copies all of
itself at each token.

Shapes: S slots, B rows fed, H key-value heads, Q columns fed, L columns of space, D values a head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

COLUMNS = 256
"""Space grows by so many columns at a time: a copy of everything every 256 tokens at most."""

Saved = list[tuple[torch.Tensor, torch.Tensor]]
"""One row's keys and values, [H, L, D] a layer."""


@dataclass(slots=True)
class Plan:
    """Where the next forward pass writes and what it reads."""

    first: int
    """The first of the B neighbouring slots."""
    columns_BQ: torch.Tensor
    """The column each key goes to; -1, the last of the space, is written for padding and never read."""
    read: int
    """The count of columns, from 0 on, that are attended to."""


class SlotLayer(CacheLayerMixin):  # type: ignore[misc]  # transformers has no types
    """One layer's keys and values, [S, H, L, D]."""

    is_sliding = False

    def __init__(self, cache: SlotCache) -> None:
        super().__init__()
        self._cache = cache
        self.keys: Any = None
        self.values: Any = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Writes [B, H, Q, D] by the plan; returns views of what the rows attend to."""
        plan = self._cache.plan
        self._reserve(key_states, value_states)
        rows = slice(plan.first, plan.first + len(key_states))
        at = torch.arange(plan.first, rows.stop, device=key_states.device)[:, None]
        self.keys[at, :, plan.columns_BQ] = key_states.transpose(1, 2)
        self.values[at, :, plan.columns_BQ] = value_states.transpose(1, 2)
        return self.keys[rows, :, : plan.read], self.values[rows, :, : plan.read]

    def load(self, slot: int, keys: torch.Tensor, values: torch.Tensor, count: int) -> None:
        """Puts the first `count` columns of a saved row into a slot."""
        self._reserve(keys[None], values[None], slot + 1, count)
        self.keys[slot, :, :count] = keys[:, :count]
        self.values[slot, :, :count] = values[:, :count]

    def _reserve(self, keys: torch.Tensor, values: torch.Tensor, slots: int = 0, columns: int = 0) -> None:
        slots, columns = max(slots, self._cache.slots), max(columns, self._cache.columns)
        self.keys = _grown(self.keys, keys, slots, columns)
        self.values = _grown(self.values, values, slots, columns)
        self.is_initialized = True

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Part of transformers' interface; `update` does it."""
        self._reserve(key_states, value_states)

    def get_seq_length(self) -> int:
        """Asked for by models whose positions are not given; ours always are."""
        return 0

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Asked for where no mask is given; ours always is."""
        return self._cache.plan.read, 0

    def get_max_length(self) -> int:
        """No maximum."""
        return -1


class SlotCache(Cache):  # type: ignore[misc]  # transformers has no types
    """Every layer's slots. Set `plan` before each forward pass."""

    def __init__(self, layers: int) -> None:
        super().__init__(layers=[SlotLayer(self) for _ in range(layers)])
        self.slots = self.columns = 0
        self.plan: Plan

    def prepare(self, plan: Plan, rows: int) -> None:
        """Sets the plan; each layer makes the space it needs as it is fed."""
        self.plan = plan
        self._want(plan.first + rows, plan.read)

    @torch.inference_mode()  # the space was made in it
    def save(self, slot: int, count: int) -> Saved:
        """Returns a copy of the first `count` columns of a slot."""
        # Clones: a view would change with whatever row the slot gets next.
        return [(layer.keys[slot, :, :count].clone(), layer.values[slot, :, :count].clone()) for layer in self.layers]

    @torch.inference_mode()  # the space was made in it
    def load(self, slot: int, saved: Saved, count: int) -> None:
        """Puts the first `count` saved columns into a slot."""
        self._want(slot + 1, count)
        for layer, (keys, values) in zip(self.layers, saved, strict=True):
            layer.load(slot, keys, values, count)

    @torch.inference_mode()  # the space was made in it
    def move(self, source: int, target: int, count: int) -> None:
        """Copies the first `count` columns of a slot onto another."""
        for layer in self.layers:
            layer.keys[target, :, :count] = layer.keys[source, :, :count]
            layer.values[target, :, :count] = layer.values[source, :, :count]

    @torch.inference_mode()
    def wipe(self, slot: int) -> None:
        """Zeroes a slot."""
        for layer in self.layers:
            layer.keys[slot] = layer.values[slot] = 0

    def clear(self) -> None:
        """Gives the memory back."""
        self.slots = self.columns = 0
        for layer in self.layers:
            layer.keys = layer.values = None

    def _want(self, slots: int, read: int) -> None:
        # Doubled: growing by a row would copy everything for each.
        if slots > self.slots:
            self.slots = max(slots, 2 * self.slots)
        if read + 1 > self.columns:  # one more for padding
            self.columns = -(-(read + 1) // COLUMNS) * COLUMNS


def _grown(space: torch.Tensor | None, like: torch.Tensor, slots: int, columns: int) -> torch.Tensor:
    """Returns the space, enlarged if it must be. New space is zero: what a mask hides must still be a number."""
    if space is not None and space.shape[0] >= slots and space.shape[2] >= columns:
        return space
    grown = like.new_zeros((slots, like.shape[1], columns, like.shape[3]))
    if space is not None:
        used = space.shape[2] - 1  # the last column is padding's
        grown[: space.shape[0], :, :used] = space[:, :, :used]
    return grown
