"""Texts as vectors whose products are their likeness."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.curate.folded import folded
from prompts.digest import digest_bytes

DIMENSIONS = 256


def hashed_vectors(texts: Iterable[str]) -> NDArray[np.float32]:
    """Words and pairs of words, each counted at a place and with a sign that its digest gives; length 1, or 0 if blank.

    The hashing trick (Weinberger et al. 2009, arXiv:0902.2206): no model, no fit, so a text's vector is its own.
    """
    places: dict[bytes, tuple[int, float]] = {}
    rows = [_vector(folded(text).split(), places) for text in texts]
    return np.array(rows, np.float32).reshape(len(rows), DIMENSIONS)


def _vector(words: list[bytes], places: dict[bytes, tuple[int, float]]) -> NDArray[np.float32]:
    vector = np.zeros(DIMENSIONS, np.float32)
    for term in {*words, *map(b" ".join, pairwise(words))}:
        if term not in places:
            number = int(digest_bytes(term)[:8], 16)
            places[term] = (number % DIMENSIONS, 1.0 if number >= 1 << 31 else -1.0)
        place, sign = places[term]
        vector[place] += sign
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector
