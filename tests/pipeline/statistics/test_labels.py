from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score

from pipeline.statistics.labels import confusion, macro_f1

LABELS = 3
PAIRS = st.lists(
    st.tuples(st.integers(0, LABELS - 1), st.integers(0, LABELS), st.integers(1, 3)), min_size=1, max_size=30
)


@given(PAIRS)
def test_macro_f1_is_sklearns(pairs: list[tuple[int, int, int]]) -> None:
    gold, said, weights = (np.array(column) for column in zip(*pairs, strict=True))
    seen = sorted({*gold.tolist(), *said.tolist()} - {LABELS})
    expected = f1_score(gold, said, labels=seen, average="macro", sample_weight=weights, zero_division=0)
    found = macro_f1(weights[None].astype(float), gold, said, LABELS)
    assert found[0] == pytest.approx(expected, abs=1e-9)


@given(PAIRS)
def test_the_confusion_matrix_is_sklearns(pairs: list[tuple[int, int, int]]) -> None:
    gold, said, _ = (np.array(column) for column in zip(*pairs, strict=True))
    expected = confusion_matrix(gold, said, labels=range(LABELS + 1))[:LABELS]
    assert confusion(gold, said, LABELS).tolist() == expected.tolist()


def test_no_label_at_all_has_no_f1() -> None:
    assert np.isnan(macro_f1(np.zeros((1, 2)), np.array([0, 1]), np.array([0, 1]), 2)[0])
