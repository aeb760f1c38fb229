"""Calibration: whether what is said with confidence c is right c of the time (Guo et al. 2017, arXiv:1706.04599).

Axes: R resamples, N rows, B bins of equal width.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.statistics.auc import Floats

BINS = 10


def ece(weights_RN: Floats, confidence_N: Floats, score_N: Floats) -> Floats:
    """[R]: the expected calibration error, sum over bins of share x |mean score - mean confidence|.

    It is never below 0, so few rows make it larger than it is. NaN where no row has any weight.
    """
    gaps_RB = weights_RN @ (in_bins(confidence_N) * (score_N - confidence_N)[:, None])
    totals_R = weights_RN.sum(axis=1)
    found_R: Floats = np.divide(
        np.abs(gaps_RB).sum(axis=1), totals_R, out=np.full(len(totals_R), np.nan), where=totals_R > 0
    )
    return found_R


def in_bins(confidence_N: Floats) -> npt.NDArray[np.bool_]:
    """[N, B]: the bin of each row."""
    found_NB: npt.NDArray[np.bool_] = _bins(confidence_N)[:, None] == np.arange(BINS)
    return found_NB


def reliability(confidence_N: Floats, score_N: Floats) -> list[dict[str, Any]]:
    """The reliability curve: of each bin that has rows its ends, mean confidence, mean score and rows."""
    bins_N = _bins(confidence_N)
    return [
        {
            "low": place / BINS,
            "high": (place + 1) / BINS,
            "confidence": float(confidence_N[bins_N == place].mean()),
            "accuracy": float(score_N[bins_N == place].mean()),
            "rows": int((bins_N == place).sum()),
        }
        for place in np.unique(bins_N).tolist()
    ]


def _bins(confidence_N: Floats) -> Any:
    return np.clip((confidence_N * BINS).astype(int), 0, BINS - 1)
