"""The lists of a set-similarity join: which pairs of texts share an element of their prefixes and may be near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.curate.shingles import Counts, Hashes

EXACT = 1e-9  # thresholds are decimals: 0.8 x 5 is 4
POSITION_BITS = 10
ENTRIES = 1 << 18
"""Of the lists' entries that are looked at together: arrays of 2 MB stay in the cache."""


@dataclass(slots=True, frozen=True)
class Lists:
    """For each element the texts that have it in their prefix, by size: what may be near meets in one of them."""

    entries: Hashes
    """Element, rank of the text by size and position in its set, packed, the last in POSITION_BITS; sorted."""
    sizes: NDArray[np.int32]
    """By rank: ascending."""
    threshold: float

    def candidates(self, smaller: NDArray[np.uint32], gap: int, labels: Counts) -> tuple[NDArray[np.uint32], Counts]:
        """Returns those of `smaller` that a later entry may be near to, and the pairs `gap` apart that may be near.

        Pairs are of ranks, smaller << 32 | larger. Sizes rise along a list, so that what is too small now remains so.
        """
        kept, pairs = [smaller[:0]], [np.empty(0, np.int64)]
        for start in range(0, len(smaller), ENTRIES):
            part = smaller[start : start + ENTRIES]
            part, near = self._candidates(part[part < len(self.entries) - gap], gap, labels)
            kept.append(part)
            pairs.append(near)
        return np.concatenate(kept), np.unique(np.concatenate(pairs))

    def _candidates(self, smaller: NDArray[np.uint32], gap: int, labels: Counts) -> tuple[NDArray[np.uint32], Counts]:
        left, right = self.entries[smaller], self.entries[smaller + np.uint32(gap)]
        same = (left ^ right) >> self._list_bits == 0
        smaller, left, right = smaller[same], left[same], right[same]
        small, large = self._ranks(left), self._ranks(right)
        sizes, larger = self.sizes[small], self.sizes[large]
        # Two sets of sizes a and b have a Jaccard similarity of t where they share t / (1 + t) of a + b.
        overlap = (sizes + larger) * (self.threshold / (1 + self.threshold)) - EXACT
        # They share nothing before this element, or an earlier list would have them: what is left must be enough.
        rest = sizes - self._positions(left)
        stays = (rest >= overlap) & (sizes >= self.threshold * larger - EXACT)
        near = stays & (larger - self._positions(right) >= overlap)
        near[near] = labels[small[near]] != labels[large[near]]
        return smaller[stays], small[near] << 32 | large[near]

    def not_one_cluster(self, entries: NDArray[np.uint32], labels: Counts) -> NDArray[np.uint32]:
        """Returns those in lists that are not one cluster yet."""
        if not entries.size:
            return entries
        # Smallest and largest label of each list: alike where it is one cluster.
        clusters = labels.astype(np.uint32)[self._ranks(self.entries)]
        starts = np.flatnonzero(np.append(True, (self.entries[1:] ^ self.entries[:-1]) >> self._list_bits != 0))
        mixed = np.minimum.reduceat(clusters, starts) != np.maximum.reduceat(clusters, starts)
        still: NDArray[np.bool_] = np.repeat(mixed, np.diff(np.append(starts, len(clusters))))
        return entries[still[entries]]

    @property
    def _list_bits(self) -> np.uint64:
        return np.uint64(POSITION_BITS + max(len(self.sizes) - 1, 1).bit_length())

    def _ranks(self, entries: Hashes) -> Counts:
        ranks = entries & ((np.uint64(1) << self._list_bits) - np.uint64(1))
        ranks >>= np.uint64(POSITION_BITS)
        return ranks.view(np.int64)

    def _positions(self, entries: Hashes) -> NDArray[np.int32]:
        return (entries & np.uint64((1 << POSITION_BITS) - 1)).astype(np.int32)
