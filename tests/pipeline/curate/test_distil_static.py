"""A transformer made static: the weights of its tokens."""

from __future__ import annotations

import numpy as np

from pipeline.curate.distil_static import zipf_weights


def test_tokens_that_come_often_weigh_little() -> None:
    weights = zipf_weights([False, False, *[True] * 1000])
    assert (np.diff(weights[2:]) > 0).all()
    assert weights[2] < 1e-4
