"""Forward passes of a transformers model over rows of different lengths.

Shapes: B rows, Q columns fed, C of them wanted, K columns attended to, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

from teachers.local.kv_slots import Plan, SlotCache

FORWARD_TOKENS = 2048
"""Rows x columns of one forward pass: what longer ones need is taken in pieces, which bounds the memory."""

LOGPROBS = 2**26
"""Rows x columns x vocabulary of the logprobs held at once: 256 MB in float32."""


class Decoder(Protocol):
    """A model and the state of the rows it has read."""

    @property
    def most(self) -> int | None:
        """The rows it can hold; None: as many as fit the memory."""

    def feed(
        self, first: int, tokens: Sequence[Sequence[int]], starts: Sequence[int], wanted: int
    ) -> Iterator[torch.Tensor]:
        """Appends tokens to the rows in slots `first` on, each at its own start.

        Yields natural-log probabilities over the vocabulary, float32 on the CPU, [B, C, V]: piece by piece
        the last `wanted` columns, where the rows are aligned at their ends.
        """

    def move(self, source: int, target: int, count: int) -> None:
        """Copies a row of `count` tokens onto another slot."""

    def wipe(self, slot: int) -> None:
        """Leaves nothing in a slot that could spoil the next row there."""

    def clear(self) -> None:
        """Forgets every row and gives its memory back."""


class SlotDecoder:
    """Many rows in one forward pass, none of which sees another."""

    most: int | None = None

    def __init__(self, model: Any) -> None:
        self._model = model
        self._cache = SlotCache(model.config.get_text_config().num_hidden_layers)
        self.save, self.load, self.move = self._cache.save, self._cache.load, self._cache.move
        self.wipe, self.clear = self._cache.wipe, self._cache.clear

    def feed(
        self, first: int, tokens: Sequence[Sequence[int]], starts: Sequence[int], wanted: int
    ) -> Iterator[torch.Tensor]:
        """One forward pass a piece; padding, on the left, attends to column 0 and is attended to by nobody."""
        longest = max(len(row) for row in tokens)
        ids_BQ, columns_BQ = _aligned(tokens, starts, longest)
        ids_BQ, columns_BQ = ids_BQ.to(self._model.device), columns_BQ.to(self._model.device)
        for begin, end, keep in _pieces(len(tokens), longest, wanted, _vocabulary(self._model)):
            logits_BCV = self._forward(first, ids_BQ[:, begin:end], columns_BQ[:, begin:end], max(keep, 1))
            if keep:
                yield _logprobs(logits_BCV)

    def _forward(self, first: int, ids_BQ: torch.Tensor, columns_BQ: torch.Tensor, keep: int) -> torch.Tensor:
        positions_BQ = columns_BQ.clamp(min=0)
        read = int(positions_BQ.max()) + 1
        mask_B1QK = (torch.arange(read, device=ids_BQ.device) <= positions_BQ[..., None])[:, None]
        self._cache.prepare(Plan(first, columns_BQ, read), len(ids_BQ))
        with torch.inference_mode():
            out = self._model(
                input_ids=ids_BQ,
                attention_mask=mask_B1QK,
                position_ids=positions_BQ,
                past_key_values=self._cache,
                use_cache=True,
                logits_to_keep=keep,
            )
        return out.logits  # type: ignore[no-any-return]  # transformers has no types


class SingleDecoder:
    """One row at a time with transformers' own cache: for models whose rows cannot stand side by side."""

    most: int | None = 1

    def __init__(self, model: Any) -> None:
        self._model = model
        self._cache: Any = None

    def feed(
        self, first: int, tokens: Sequence[Sequence[int]], starts: Sequence[int], wanted: int
    ) -> Iterator[torch.Tensor]:
        """As Decoder.feed, for one row; it goes on where it ended, or begins anew."""
        if starts[0] == 0:
            self._cache = None
        ids_BQ = torch.tensor(tokens, device=self._model.device)
        for begin, end, keep in _pieces(1, ids_BQ.shape[1], wanted, _vocabulary(self._model)):
            with torch.inference_mode():
                out = self._model(
                    input_ids=ids_BQ[:, begin:end],
                    past_key_values=self._cache,
                    use_cache=True,
                    logits_to_keep=max(keep, 1),
                )
            self._cache = out.past_key_values
            if keep:
                yield _logprobs(out.logits)

    def move(self, source: int, target: int, count: int) -> None:
        """Nothing to do: there is one slot."""

    def wipe(self, slot: int) -> None:
        """Forgets the row."""
        self.clear()

    def clear(self) -> None:
        """Forgets the row."""
        self._cache = None


def open_decoder(model: Any, rows: int) -> Decoder:
    """Returns a decoder for so many rows at once; one at a time where the model's rows cannot share a forward pass."""
    if rows > 1 and _attends_to_everything(model) and _agrees(model):
        return SlotDecoder(model)
    return SingleDecoder(model)


def _attends_to_everything(model: Any) -> bool:
    """Tells whether each layer is plain attention: sliding windows and recurrent states need caches of their own."""
    layers = DynamicCache(config=model.config.get_text_config()).layers
    return bool(layers) and all(type(layer) is DynamicLayer for layer in layers)


def _agrees(model: Any) -> bool:
    """Tries whether two rows of different lengths get what each gets alone: some models ignore masks or positions."""
    vocabulary = _vocabulary(model)
    # Of different lengths: the shorter is padded, and padding is what some models attend to.
    rows = [[(7 * index + 3) % vocabulary for index in range(length)] for length in (3, 9)]
    exact = torch.finfo(model.dtype).eps < 1e-6
    try:
        together = torch.cat(list(SlotDecoder(model).feed(0, rows, [0, 0], 1)))[:, -1]
        alone = torch.cat([next(SingleDecoder(model).feed(0, [row], [0], 1)) for row in rows])[:, -1]
    except (TypeError, ValueError, RuntimeError, IndexError, AttributeError):
        return False
    # In half precision the logits themselves are rounded to a twentieth or so.
    return bool((together - alone).abs().mean() < (1e-3 if exact else 0.1))


def _aligned(tokens: Sequence[Sequence[int]], starts: Sequence[int], longest: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and columns, [B, Q], padded on the left with id 0 and column -1."""
    ids, columns = [], []
    for row, start in zip(tokens, starts, strict=True):
        padding = longest - len(row)
        ids.append([0] * padding + list(row))
        columns.append([-1] * padding + list(range(start, start + len(row))))
    return torch.tensor(ids), torch.tensor(columns)


def _pieces(rows: int, columns: int, wanted: int, vocabulary: int) -> Iterator[tuple[int, int, int]]:
    """(begin, end, how many of its last columns are wanted) of each forward pass."""
    wide = max(1, FORWARD_TOKENS // rows)
    narrow = max(1, min(wide, LOGPROBS // (rows * vocabulary)))
    first_wanted, begin = columns - wanted, 0
    while begin < columns:
        end = min(begin + wide, columns)
        if end > first_wanted:
            end = min(end, max(begin, first_wanted) + narrow)
        yield begin, end, max(0, end - max(begin, first_wanted))
        begin = end


def _vocabulary(model: Any) -> int:
    return int(model.config.get_text_config().vocab_size)


def _logprobs(logits_BCV: torch.Tensor) -> torch.Tensor:
    return torch.log_softmax(logits_BCV.float(), dim=-1).cpu()
