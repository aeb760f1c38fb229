"""The nearest of the texts before: as all pairs say, in any order of the sum."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.curate import cosine
from pipeline.curate.cosine import nearest_before


def test_the_nearest_before_is_that_of_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
    vectors[200:] = vectors[:100]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[7] = 0
    whole = nearest_before(vectors)
    monkeypatch.setattr(cosine, "ROWS", 7)
    monkeypatch.setattr(cosine, "COLUMNS", 11)
    places, cosines = nearest_before(vectors)
    assert np.array_equal(places, whole[0])
    assert np.array_equal(cosines, whole[1])
    exact = np.tril(vectors @ vectors.T, -1) + np.triu(np.full((300, 300), -1.0))
    assert cosines == pytest.approx(exact.max(axis=1), abs=0.001)
    assert places[210:].tolist() == list(range(10, 100))
    assert cosines[0] == -1


def test_a_product_is_the_same_whole_number_in_any_order() -> None:
    vectors = np.random.default_rng(1).normal(size=(50, 256)).astype(np.float32)
    grid = np.rint(vectors / np.linalg.norm(vectors, axis=1, keepdims=True) * cosine.SCALE)
    shuffled = np.random.default_rng(2).permutation(256)
    assert np.array_equal(grid @ grid.T, grid[:, shuffled] @ grid[:, shuffled].T)
    assert np.array_equal(grid @ grid.T, grid.astype(np.int64) @ grid.T.astype(np.int64))
