"""The nearest of the texts before it, for every text, by exact cosine: all pairs, a block at a time.

Vectors are rounded to whole numbers, none longer than 4096. By Cauchy and Schwarz no product, nor any part of its sum,
then passes 2^24, up to which float32 holds every whole number: however the sum is ordered, blocked or shared between
threads, it is the same. So a threshold cuts the same way every time. Rounding moves a cosine by less than 0.001.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SCALE = np.float32(4000)  # rounding adds at most half a step a dimension: 4096 holds to 36,000 dimensions
ROWS, COLUMNS = 2048, 8192  # 64 MB of products at a time

Places = NDArray[np.int64]
Vectors = NDArray[np.float32]


def nearest_before(vectors: Vectors) -> tuple[Places, Vectors]:
    """Returns for each vector the place of the nearest one before it, the first of several, and their cosine.

    Vectors are of length 1, or 0, whose cosine is 0 with any. The first has none before it: itself, and -1. Time
    grows with the square of their number.
    """
    grid = np.rint(vectors * SCALE)
    lengths = np.linalg.norm(grid.astype(np.float64), axis=1)
    inverse = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0).astype(np.float32)
    places, best = np.arange(len(grid)), np.full(len(grid), -1, np.float32)
    for start in range(0, len(grid), ROWS):
        rows = slice(start, min(start + ROWS, len(grid)))
        for first in range(0, rows.stop, COLUMNS):
            columns = slice(first, min(first + COLUMNS, rows.stop))
            cosines = grid[rows] @ grid[columns].T
            cosines *= inverse[columns]
            cosines *= inverse[rows, None]
            if columns.stop > start:  # a row has only those before it
                cosines[np.arange(first, columns.stop) >= np.arange(start, rows.stop)[:, None]] = -1
            nearest = cosines.argmax(axis=1)
            highest = cosines[np.arange(len(nearest)), nearest]
            better = np.flatnonzero(highest > best[rows])
            best[start + better], places[start + better] = highest[better], nearest[better] + first
    return places, best
