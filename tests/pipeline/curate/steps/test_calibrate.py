"""Calibrate: labels from logprobs, measured on train rows alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.steps.calibrate import Calibrate
from pipeline.recipe.verdict import Drop, Keep
from tests.pipeline.curate.make import reason, sample, token, verdicts_of

LABELS = ["spam", "ham"]


@given(st.lists(st.floats(-8, 8), min_size=4, max_size=60, unique=True))
def test_calibration_cuts_two_labels_at_the_median(odds: list[float]) -> None:
    samples = [sample(str(i), tokens=_odds(value)) for i, value in enumerate(odds)]
    verdicts = verdicts_of(Calibrate(labels=LABELS), samples)
    median = float(np.median(odds))
    for value, verdict in zip(odds, verdicts, strict=True):
        assert isinstance(verdict, Keep)
        if abs(value - median) > 1e-6:
            assert verdict.sample.completion == ("spam" if value > median else "ham")
            assert verdict.sample.margin == pytest.approx(2 * abs(value - median), rel=1e-5, abs=1e-5)


def test_calibration_is_measured_on_train_rows_alone() -> None:
    train = [sample(f"t{i}", tokens=_odds(float(i))) for i in range(9)]
    heldout = [sample(f"h{i}", split="heldout", tokens=_odds(100.0 + i)) for i in range(50)]
    labels = [
        verdict.sample.completion
        for verdict in verdicts_of(Calibrate(labels=LABELS), [*train, *heldout])
        if isinstance(verdict, Keep)
    ]
    assert labels[:4] == ["ham"] * 4
    assert labels[5:9] == ["spam"] * 4
    assert labels[9:] == ["spam"] * 50


def test_keep_drops_the_least_sure_train_rows() -> None:
    samples = [sample(f"t{i}", tokens=_odds(float(i))) for i in range(11)]
    verdicts = verdicts_of(Calibrate(labels=LABELS, keep=0.5), samples)
    dropped = [index for index, verdict in enumerate(verdicts) if isinstance(verdict, Drop)]
    assert 5 in dropped
    assert not {0, 1, 9, 10} & set(dropped)
    assert {reason(verdicts[index]) for index in dropped} == {"low_margin"}


def test_a_sample_without_label_logprobs_is_dropped_with_that_reason() -> None:
    verdicts = verdicts_of(Calibrate(labels=LABELS), [sample(), sample(tokens=_odds(1.0))])
    assert [reason(verdict) for verdict in verdicts] == ["no_label_logprobs", "kept"]


def _odds(value: float) -> list[dict[str, Any]]:
    """Logprobs of spam and ham whose difference is `value`, as probabilities of a whole."""
    return token(spam=-math.log1p(math.exp(-value)), ham=-math.log1p(math.exp(value)))
