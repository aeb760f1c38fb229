from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr, softmax

from pipeline.statistics.calibration import ece, reliability
from pipeline.statistics.divergence import kl

ROWS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30)
LOGS = st.lists(st.floats(-30, 0), min_size=3, max_size=3)


@given(ROWS)
def test_ece_is_the_curves_weighted_gap(rows: list[tuple[float, float]]) -> None:
    sure, score = (np.array(column) for column in zip(*rows, strict=True))
    curve = reliability(sure, score)
    assert sum(one.rows for one in curve) == len(rows)
    gap = sum(one.rows * abs(one.accuracy - one.confidence) for one in curve) / len(rows)
    assert ece(np.ones((1, len(rows))), sure, score)[0] == pytest.approx(gap, abs=1e-9)


@given(ROWS, st.randoms())
def test_weights_are_counts(rows: list[tuple[float, float]], random: object) -> None:
    sure, score = (np.array(column) for column in zip(*rows, strict=True))
    weights = np.arange(len(rows)) % 3 + 1
    repeated = ece(np.ones((1, weights.sum())), np.repeat(sure, weights), np.repeat(score, weights))
    assert ece(weights[None].astype(float), sure, score)[0] == pytest.approx(repeated[0], abs=1e-9)


def test_a_perfect_forecast_has_no_error() -> None:
    assert ece(np.ones((1, 4)), np.array([0.5, 0.5, 1.0, 1.0]), np.array([0.0, 1.0, 1.0, 1.0]))[0] == 0.0


@given(LOGS, LOGS)
def test_kl_is_scipys(teacher: list[float], student: list[float]) -> None:
    expected = rel_entr(softmax(teacher), softmax(student)).sum()
    assert kl(np.array([teacher]), np.array([student]))[0] == pytest.approx(expected, abs=1e-9)


@given(LOGS)
def test_nobody_diverges_from_itself(logs: list[float]) -> None:
    shifted = np.array([logs]) - 2.0  # what is missing from the labels' mass is shared
    assert kl(np.array([logs]), shifted)[0] == pytest.approx(0.0, abs=1e-9)
