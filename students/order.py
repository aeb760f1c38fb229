"""The order in which rows are read: rows of like length share a batch, so that little of it is padding."""

from __future__ import annotations

import random
from collections.abc import Sequence

WINDOW_BATCHES = 50
"""Rows are sorted among this many batches' worth of shuffled ones: wide enough for even batches, narrow enough
that a large corpus is read in a random order."""

LIKE_TOKENS = 8
"""Lengths within this many tokens are as good as equal. Sorted finer than that, a corpus whose answers go with its
lengths would be read in batches of one answer each, which a small student does not learn from."""


def order_by_length(lengths: Sequence[int], batch_size: int, seed: int) -> list[int]:
    """A permutation of the rows for a trainer that reads them in turn, `batch_size` at a time.

    Shuffled, then sorted by length within windows, then the batches shuffled. The seed alone decides it, so
    that a training that goes on after a kill reads what it would have read.
    """
    chance = random.Random(seed)
    rows = list(range(len(lengths)))
    chance.shuffle(rows)
    window = WINDOW_BATCHES * batch_size
    nearby = [
        row
        for at in range(0, len(rows), window)
        for row in sorted(rows[at : at + window], key=lambda row: lengths[row] // LIKE_TOKENS)
    ]
    full = len(nearby) - len(nearby) % batch_size
    batches = [nearby[at : at + batch_size] for at in range(0, full, batch_size)]
    chance.shuffle(batches)
    return [row for batch in (*batches, nearby[full:]) for row in batch]
