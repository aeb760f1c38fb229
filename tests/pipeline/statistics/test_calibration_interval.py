"""The interval of the calibration error: around what is shown, of what is true, and of few groups wider."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import Bootstrap
from pipeline.statistics.calibration import ece
from pipeline.statistics.calibration_interval import ece_interval
from pipeline.statistics.intervals import Interval, Size

ROWS = st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=30)


def interval(confidence_N: Floats, score_N: Floats, group: int = 1) -> Interval:
    rows = len(confidence_N)
    names = [f"{row // group:04}" for row in range(rows)]
    bootstrap = Bootstrap(names, 100, 0)
    return ece_interval(bootstrap.replicate, confidence_N, score_N, Size(rows, bootstrap.groups))


def drawn(rows: int, seed: int, off: float) -> tuple[Floats, Floats]:
    """A student that is right so much less often than it is sure."""
    rng = np.random.default_rng(seed)
    confidence_N = rng.beta(6, 1.5, size=rows)
    return confidence_N, (rng.random(rows) < confidence_N - off).astype(float)


@settings(max_examples=15)
@given(ROWS, st.integers(1, 3))
def test_it_holds_the_error_of_the_rows_and_stays_an_error(rows: list[tuple[float, float]], group: int) -> None:
    confidence_N, score_N = (np.array(column) for column in zip(*rows, strict=True))
    low, high = interval(confidence_N, score_N, group)
    value = float(ece(np.ones((1, len(rows))), confidence_N, score_N)[0])
    assert 0 <= low <= value + 1e-9
    assert value - 1e-9 <= high <= 1


def test_of_a_calibrated_student_it_holds_zero() -> None:
    held = [interval(*drawn(100, seed, 0.0))[0] == 0 for seed in range(40)]
    assert np.mean(held) > 0.85


def test_of_one_that_is_right_too_seldom_it_holds_by_how_much() -> None:
    ends = np.array([interval(*drawn(500, seed, 0.2)) for seed in range(40)])
    truth = 0.2  # nearly: none is right less than never
    assert np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1])) > 0.85
    assert ends[:, 0].min() > 0.05


def test_all_right_on_few_rows_may_be_luck() -> None:
    confidence_N = np.full(30, 0.97)
    low, high = interval(confidence_N, np.ones(30))
    assert low == 0
    assert high > 0.05


def test_copies_of_rows_are_no_evidence() -> None:
    confidence_N, score_N = drawn(60, 3, 0.2)
    alone = interval(confidence_N, score_N)
    copies = interval(np.repeat(confidence_N, 5), np.repeat(score_N, 5), group=5)
    assert copies[1] - copies[0] == pytest.approx(alone[1] - alone[0], rel=0.2)


def test_rows_that_no_resample_draws_are_no_trouble() -> None:
    """Three rows of a hundred have a confidence: some resamples have none of them."""
    have_N = np.arange(100) < 3
    bootstrap = Bootstrap([f"{row:03}" for row in range(100)], 400, 0)
    low, high = ece_interval(
        lambda statistic: bootstrap.replicate(lambda weights: statistic(weights[:, have_N])),
        np.array([0.9, 0.8, 0.7]),
        np.ones(3),
        Size(3, 3),
    )
    assert 0 <= low <= 0.2 <= high <= 1
