"""A beginning that prompts share, few-shot examples above all: read once and copied into each row."""

from __future__ import annotations

from collections.abc import Sequence

from teachers.local.decoding import SlotDecoder
from teachers.local.kv_slots import Saved
from teachers.local.rows import DecodingRow

LEAST = 32
"""Tokens that must be shared for a copy to be kept: every chat template shares a few."""


class SharedPrefix:
    """The longest beginning seen in common, and the decoder's state after it."""

    def __init__(self, decoder: SlotDecoder) -> None:
        self._decoder = decoder
        self._ids: list[int] = []
        self._saved: Saved = []
        self._last: list[int] = []

    def begin(self, rows: Sequence[DecodingRow], first: int) -> None:
        """Gives the new rows, in slots `first` on, the part of their prompts that is known already.

        Where they, or one and the row before it, share more than that, the decoder reads it first, once.
        """
        others = [_readable(row) for row in rows[1:]] or [self._last]
        mine = _readable(rows[0])
        common = min(shared(mine, other) for other in others)
        if common - shared(mine, self._ids) >= LEAST:
            self._read(mine[:common], first)
        for slot, row in enumerate(rows, first):
            known = shared(self._ids, _readable(row))
            if known >= LEAST:
                self._decoder.load(slot, self._saved, known)
                row.read = row.cached = known
        self._last = _readable(rows[-1])

    def clear(self) -> None:
        """Forgets it, and its memory."""
        self._ids, self._saved = [], []

    def _read(self, ids: list[int], slot: int) -> None:
        self.clear()
        # No distribution is wanted: it is run for what it leaves in the cache.
        for _ in self._decoder.feed(slot, [ids], [0], 0):
            pass
        self._ids, self._saved = ids, self._decoder.save(slot, len(ids))


def shared(ids: Sequence[int], others: Sequence[int]) -> int:
    """Counts the ids that two sequences begin with in common."""
    count = 0
    for mine, theirs in zip(ids, others, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def _readable(row: DecodingRow) -> list[int]:
    """Returns the ids that may come from elsewhere.

    The last columns, whose distributions are wanted, are the row's to feed.
    """
    return row.ids[: len(row.ids) - row.wanted]
