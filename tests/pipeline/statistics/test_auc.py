from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pipeline.statistics.auc import auc, weighted_auc

# Few distinct values, so that ties are common.
PAIRS = st.lists(st.tuples(st.booleans(), st.integers(-3, 3), st.integers(0, 3)), min_size=2, max_size=40)


@given(PAIRS)
def test_it_is_sklearns(pairs: list[tuple[bool, int, int]]) -> None:
    positive, odds, _ = (np.array(column) for column in zip(*pairs, strict=True))
    assume(0 < positive.sum() < len(positive))
    assert auc(positive, odds.astype(float)) == pytest.approx(roc_auc_score(positive, odds), abs=1e-9)


@given(PAIRS)
def test_weights_are_counts(pairs: list[tuple[bool, int, int]]) -> None:
    positive, odds, weights = (np.array(column) for column in zip(*pairs, strict=True))
    assume(0 < weights[positive].sum() < weights.sum())
    expected = roc_auc_score(positive, odds, sample_weight=weights)
    found = weighted_auc(weights[None].astype(float), positive, odds.astype(float))
    assert found[0] == pytest.approx(expected, abs=1e-9)


def test_one_class_has_no_auc() -> None:
    assert auc(np.array([True, True]), np.array([0.0, 1.0])) is None
    assert auc(np.array([], dtype=bool), np.array([])) is None


def test_only_the_order_counts() -> None:
    positive = np.array([True, True, False, False])
    assert auc(positive, np.array([np.inf, 2.0, -1.0, -np.inf])) == 1.0
    assert auc(positive, np.array([0.0, 0.0, 0.0, 0.0])) == 0.5
