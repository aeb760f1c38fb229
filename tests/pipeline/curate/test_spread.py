"""Some of many vectors: beside random draws, and beside greedy choice in full."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.curate import spread
from pipeline.curate.spread import facility_location, k_center


def test_the_chosen_leave_no_vector_as_far_as_a_random_draw_does() -> None:
    vectors = np.random.default_rng(0).normal(size=(400, 8)).astype(np.float32)
    vectors[:300] = vectors[0] + vectors[:300] / 20
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    def worst(places: Sequence[int]) -> float:
        return float((vectors @ vectors[list(places)].T).max(axis=1).min())

    draws = [random.Random(seed).sample(range(400), 40) for seed in range(20)]
    assert worst(list(k_center(vectors, 40))) > max(worst(draw) for draw in draws)


def test_lazy_greedy_chooses_what_greedy_does() -> None:
    vectors = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    vectors[:300] = vectors[0] + vectors[:300] / 5
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines, covered, expected = vectors.astype(np.float64) @ vectors.T, np.zeros(500), []
    for _ in range(40):
        expected.append(int(np.maximum(cosines - covered[:, None], 0).sum(axis=0).argmax()))
        covered = np.maximum(covered, cosines[:, expected[-1]])
    assert list(facility_location(vectors, 40)) == expected
    random_cover = max(cosines[:, random.Random(seed).sample(range(500), 40)].max(axis=1).mean() for seed in range(20))
    assert covered.mean() > random_cover > cosines[:, list(k_center(vectors, 40))].max(axis=1).mean() - 0.1


def test_beyond_the_anchors_every_row_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "ANCHORS", 30)
    vectors = np.eye(60, dtype=np.float32)[np.random.default_rng(0).permutation(60)]
    assert sorted(facility_location(vectors, 60)) == list(range(60))
