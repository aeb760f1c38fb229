"""The Kullback-Leibler divergence, beside its formula in probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.statistics.divergence import kl

ROWS = st.lists(st.lists(st.floats(-20, 0), min_size=3, max_size=3), min_size=1, max_size=5).map(np.array)


@given(teacher=ROWS, data=st.data())
def test_it_is_the_sum_over_the_labels_share_of_probability(teacher: np.ndarray, data: st.DataObject) -> None:
    student = np.array([data.draw(st.lists(st.floats(-20, 0), min_size=3, max_size=3)) for _ in teacher])
    p = np.exp(teacher) / np.exp(teacher).sum(axis=1, keepdims=True)
    q = np.exp(student) / np.exp(student).sum(axis=1, keepdims=True)
    divergences = kl(teacher, student)
    assert divergences == pytest.approx((p * np.log(p / q)).sum(axis=1), abs=1e-9)
    assert (divergences >= 0).all()
    assert kl(teacher, teacher - 3) == pytest.approx(0, abs=1e-12)  # what is left to other words is no matter
