"""Chooses the threshold: the cheapest at which the cascade is no worse than the teacher by more than a margin.

Thresholds are gone through from the one that hands everything over downwards, and the first that fails ends it: with a
fixed order nothing is picked for having been lucky among many (fixed sequence testing, Angelopoulos et al. 2021,
arXiv:2110.01052, section 3). What the choice gives is read off rows that it was not made on: each fold of the groups
is handed over by the threshold that the other folds choose.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.evaluate.cascade.curve import ALWAYS, Bools, Rows, handed_over, thresholds
from pipeline.statistics.auc import Floats

FOLDS = 10
"""Each threshold is chosen on nine tenths of the groups: close to the one of all rows, which is deployed."""


def choose(confidence_N: Floats, student_N: Floats, teacher_N: Floats, margin: float) -> float:
    """Chooses the threshold; ALWAYS where every lower one loses more than the margin."""
    once_1N = np.ones((1, len(confidence_N)))
    return float(choose_on_each(once_1N, confidence_N, student_N - teacher_N, margin)[0])


def choose_on_each(weights_RN: Floats, confidence_N: Floats, gained_N: Floats, margin: float) -> Floats:
    """Chooses [R], where each row counts as often as its weight says; `gained`: student less teacher."""
    candidates_K = thresholds(confidence_N)
    lost_RK = _lost(weights_RN, confidence_N, gained_N, candidates_K)
    # Sums of scores are not exact: a loss of the very margin is within it.
    chosen_R: Floats = candidates_K[in_order(lost_RK > margin + 1e-9)]
    return chosen_R


def in_order(fails_RK: Bools) -> npt.NDArray[np.int64]:
    """Returns [R]: the place after the last that fails. The last of all, ALWAYS, loses nothing."""
    last_R = fails_RK.shape[1] - fails_RK[:, ::-1].argmax(axis=1)
    places_R: npt.NDArray[np.int64] = np.where(fails_RK.any(axis=1), last_R, 0)
    return places_R


def _lost(weights_RN: Floats, confidence_N: Floats, gained_N: Floats, candidates_K: Floats) -> Floats:
    """Returns [R, K]: the teacher's mean score less the cascade's. Only rows that the student keeps can differ."""
    order = np.argsort(confidence_N, kind="stable")  # NaN last
    order = order[: int((~np.isnan(confidence_N)).sum())]
    gained_RN = weights_RN[:, order] * gained_N[order]
    # Column i: what is gained on the rows from the i-th least sure on, those that the student keeps.
    from_here = np.pad(gained_RN[:, ::-1].cumsum(axis=1)[:, ::-1], ((0, 0), (0, 1)))
    places_K = np.searchsorted(confidence_N[order], candidates_K, "left")
    lost_RK: Floats = -from_here[:, places_K] / weights_RN.sum(axis=1, keepdims=True)
    return lost_RK


def cross_fitted(rows: Rows, margin: float, seed: int) -> Bools:
    """Returns [N]: whom the teacher answers, of each fold by the threshold chosen on the others."""
    folds_N = _folds(rows.groups_N, seed)
    handed_N = np.ones(len(rows), dtype=np.bool_)
    for fold in np.unique(folds_N):
        out_N = folds_N == fold
        in_N = ~out_N
        threshold = ALWAYS
        if in_N.any():
            threshold = choose(rows.confidence_N[in_N], rows.student_N[in_N], rows.teacher_N[in_N], margin)
        handed_N[out_N] = handed_over(rows.confidence_N[out_N], threshold)
    return handed_N


def _folds(groups_N: Sequence[str], seed: int) -> npt.NDArray[np.int64]:
    """Returns [N]: the fold of each row's group; the groups are dealt out in a random order."""
    names, group_of_row_N = np.unique(np.asarray(groups_N, dtype=np.str_), return_inverse=True)
    # Dealt out by group: rows that resemble each other must not be on both sides of a choice.
    places = np.random.default_rng(seed).permutation(len(names)) % FOLDS
    folds_N: npt.NDArray[np.int64] = places[group_of_row_N]
    return folds_N
