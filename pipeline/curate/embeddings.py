"""Texts as vectors whose products are their likeness."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.curate.folded import folded
from pipeline.curate.static_model import static_model
from prompts.digest import digest_bytes

DIMENSIONS = 256
TOKENS = 8192
"""Of a longer text only so many count: a text of a million tokens would hold a gigabyte."""
BATCH_TEXTS = 1024


def model_vectors(texts: Sequence[str], model: str, field: str) -> NDArray[np.float32]:
    """Returns the mean of each text's token vectors in a static model, at length 1, or 0 where it has no token.

    A row is its own text's, whatever the others. `model` and `field` are as `static_model` takes them.
    """
    loaded = static_model(model, field)
    vectors = np.zeros((len(texts), loaded.dim), np.float32)
    for start in range(0, len(texts), BATCH_TEXTS):
        part = texts[start : start + BATCH_TEXTS]
        encoded = [text.encode("utf-8", "replace").decode() for text in part]  # a lone surrogate is no UTF-8
        vectors[start : start + len(part)] = loaded.encode(encoded, max_length=TOKENS, use_multiprocessing=False)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(lengths > 0, lengths, 1)
    return vectors


def hashed_vectors(texts: Iterable[str]) -> NDArray[np.float32]:
    """Counts words and pairs of words, each at a place and with a sign that its digest gives; length 1, or 0 if blank.

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
