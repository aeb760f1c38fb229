"""Calibration: whether what is said with confidence c is right c of the time (Guo et al. 2017, arXiv:1706.04599).

Axes: R resamples, N rows, B bins of equal width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.statistics.auc import Floats

BINS = 10


@dataclass(slots=True, frozen=True)
class Bin:
    """The rows whose confidence lies between two bounds."""

    low: float
    high: float
    confidence: float
    """Their mean confidence."""
    accuracy: float
    """Their mean score."""
    rows: int


def ece(weights_RN: Floats, confidence_N: Floats, score_N: Floats) -> Floats:
    """Returns [R]: the expected calibration error, the sum over bins of share x |mean score - mean confidence|.

    It is never below 0, so few rows make it larger than it is. NaN where no row has any weight.
    """
    gaps_RB = weights_RN @ (in_bins(confidence_N) * (score_N - confidence_N)[:, None])
    totals_R = weights_RN.sum(axis=1)
    ece_R: Floats = np.divide(
        np.abs(gaps_RB).sum(axis=1), totals_R, out=np.full(len(totals_R), np.nan), where=totals_R > 0
    )
    return ece_R


def in_bins(confidence_N: Floats) -> npt.NDArray[np.bool_]:
    """Returns [N, B]: the bin of each row."""
    in_bins_NB: npt.NDArray[np.bool_] = _places(confidence_N)[:, None] == np.arange(BINS)
    return in_bins_NB


def reliability(confidence_N: Floats, score_N: Floats) -> list[Bin]:
    """Returns the reliability curve: the bins that have rows."""
    places_N = _places(confidence_N)
    bins = []
    for place in np.unique(places_N).tolist():
        here_N = places_N == place
        confidence, accuracy = float(confidence_N[here_N].mean()), float(score_N[here_N].mean())
        bins.append(Bin(place / BINS, (place + 1) / BINS, confidence, accuracy, int(here_N.sum())))
    return bins


def _places(confidence_N: Floats) -> Any:
    # A confidence of 1 would begin an eleventh bin.
    return np.clip((confidence_N * BINS).astype(int), 0, BINS - 1)
