"""Texts as vectors: a vector is its text's alone."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.curate.embeddings import hashed_vectors, model_vectors


def test_a_blank_text_has_no_direction_and_a_text_its_own_vector() -> None:
    vectors = hashed_vectors(["", "a b c", "other words", "A, b c!"])
    assert not vectors[0].any()
    assert np.array_equal(vectors[1], vectors[3])
    assert np.array_equal(hashed_vectors(["a b c"])[0], vectors[1])


def test_a_vector_is_its_texts_alone(model: str) -> None:
    alone, beside = model_vectors(["rain"], model, "f"), model_vectors(["rain", "sun " * 50], model, "f")
    assert np.array_equal(alone[0], beside[0])
    assert np.linalg.norm(alone[0]) == pytest.approx(1)
