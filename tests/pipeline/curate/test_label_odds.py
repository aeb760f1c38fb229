"""The arithmetic of calibration."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.label_odds import log_odds, margin, shares, shift


@given(
    st.lists(st.lists(st.floats(-9, 0), min_size=3, max_size=3), min_size=30, max_size=60),
    st.floats(0.1, 0.8),
)
def test_the_shift_gives_each_label_its_share_of_positive_odds(rows: list[list[float]], share: float) -> None:
    odds_NL = log_odds(np.array(rows))
    centred = odds_NL - shift(odds_NL, np.array([share, (1 - share) / 2, (1 - share) / 2]))
    positive = (centred[:, 0] > 1e-9).mean()
    assert positive <= share + 1 / len(rows)
    assert (margin(centred) >= 0).all()


@given(st.floats(-9, -0.01))
def test_log_odds_of_two_labels_are_a_difference(logprob: float) -> None:
    other = math.log1p(-math.exp(logprob))
    assert log_odds(np.array([[logprob, other]]))[0].tolist() == pytest.approx([logprob - other, other - logprob])


@given(st.lists(st.floats(-2000, 2000), min_size=2, max_size=4))
def test_any_odds_give_shares_of_a_whole_the_likeliest_first(odds: list[float]) -> None:
    found = shares(np.array(odds), [str(place) for place in range(len(odds))])
    assert sum(share for _, share in found) == pytest.approx(1)
    assert [share for _, share in found] == sorted((share for _, share in found), reverse=True)
    assert found[0][0] == str(int(np.argmax(odds)))
