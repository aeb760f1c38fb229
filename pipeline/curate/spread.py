"""Some of many vectors, spread over all of them: farthest first, or nearest to all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

ANCHORS = 2048
ASKED = 128
"""Candidates whose gain is asked for at a time: 1 MB of cosines."""
ROUNDS = 4
"""How often for one choice: without an end, a choice among 100,000 took a tenth of a second and more."""


def k_center(vectors: NDArray[np.float32], count: int) -> Iterator[int]:
    """Chooses by greedy k-center (Gonzalez 1985): the first vector, then always the one farthest from all chosen ones.

    Vectors are of length 1. At most twice the best radius there is; `count` passes over all vectors.
    """
    nearest = np.full(len(vectors), -np.inf, np.float32)
    chosen = 0  # who calls has shuffled the vectors
    for _ in range(count):
        yield chosen
        np.maximum(nearest, vectors @ vectors[chosen], out=nearest)
        nearest[chosen] = np.inf  # never again, not even among copies of it
        chosen = int(np.argmin(nearest))


def facility_location(vectors: NDArray[np.float32], count: int) -> Iterator[int]:
    """Chooses always the vector that most raises the sum, over all, of the cosine with the nearest chosen one.

    Lazy greedy (Minoux 1978), within 1 - 1/e of the best sum (Nemhauser et al. 1978): what a vector adds only falls, so
    an older figure bounds it, and few are asked again; where that leaves more than ROUNDS x ASKED to ask, the best of
    so many is taken. Beyond ANCHORS vectors the sum is over the first so many, which must be a random draw. Vectors
    are of length 1, or 0.
    """
    anchors = vectors[:ANCHORS]
    covered = np.zeros(len(anchors), np.float32)
    bounds = np.full(len(vectors), np.inf, np.float32)
    for start in range(0, len(vectors), ASKED):
        bounds[start : start + ASKED] = np.maximum(vectors[start : start + ASKED] @ anchors.T, 0).sum(axis=1)
    for _ in range(count):
        fresh = np.zeros(len(vectors), bool)
        for _ in range(ROUNDS):
            asked = _highest(bounds, fresh)
            bounds[asked] = np.maximum(vectors[asked] @ anchors.T - covered, 0).sum(axis=1)
            fresh[asked] = True
            if fresh[bounds.argmax()]:
                break
        chosen = int(np.where(fresh, bounds, -np.inf).argmax())
        yield chosen
        np.maximum(covered, anchors @ vectors[chosen], out=covered)
        bounds[chosen] = -np.inf


def _highest(bounds: NDArray[np.float32], fresh: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Finds the places of the highest bounds that are not fresh, some ASKED of them, in order of place."""
    stale = np.flatnonzero(~fresh & (bounds > -np.inf))
    if len(stale) <= ASKED:
        return stale
    return np.sort(stale[np.argpartition(-bounds[stale], ASKED)[:ASKED]])
