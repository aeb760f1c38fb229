"""Which threshold: the cheapest at which the cascade is no worse than the teacher by more than a margin.

Thresholds are gone through from the one that hands everything over downwards, and the first that fails ends it: with a
fixed order nothing is picked for having been lucky among many (fixed sequence testing, Angelopoulos et al. 2021,
arXiv:2110.01052, section 3). What the choice gives is read off rows that it was not made on: each fold of the groups
is handed over by the threshold that the other folds choose.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.evaluate.cascade.curve import ALWAYS, Bools, handed_over, thresholds
from pipeline.statistics.auc import Floats

FOLDS = 10
"""Each threshold is chosen on nine tenths of the groups: close to the one of all rows, which is deployed."""


def choose(confidence_N: Floats, student_N: Floats, teacher_N: Floats, margin: float) -> float:
    """The threshold; ALWAYS where every lower one loses more than the margin."""
    once_1N = np.ones((1, len(confidence_N)))
    return float(choose_on_each(once_1N, confidence_N, student_N - teacher_N, margin)[0])


def choose_on_each(weights_RN: Floats, confidence_N: Floats, gained_N: Floats, margin: float) -> Floats:
    """[R]: the threshold chosen where each row counts as often as its weight says; `gained`: student less teacher."""
    candidates_K = thresholds(confidence_N)
    lost_RK = _lost(weights_RN, confidence_N, gained_N, candidates_K)
    # Sums of scores are not exact: a loss of the very margin is within it.
    found: Floats = candidates_K[in_order(lost_RK > margin + 1e-9)]
    return found


def in_order(fails_RK: Bools) -> npt.NDArray[np.int64]:
    """[R]: the place after the last that fails. The last of all, ALWAYS, loses nothing."""
    last_R = fails_RK.shape[1] - fails_RK[:, ::-1].argmax(axis=1)
    found: npt.NDArray[np.int64] = np.where(fails_RK.any(axis=1), last_R, 0)
    return found


def _lost(weights_RN: Floats, confidence_N: Floats, gained_N: Floats, candidates_K: Floats) -> Floats:
    """[R, K]: the teacher's mean score less the cascade's. Only rows that the student keeps can differ."""
    order = np.argsort(confidence_N, kind="stable")  # NaN last
    order = order[: int((~np.isnan(confidence_N)).sum())]
    gained_RN = weights_RN[:, order] * gained_N[order]
    from_here = np.pad(gained_RN[:, ::-1].cumsum(axis=1)[:, ::-1], ((0, 0), (0, 1)))
    places_K = np.searchsorted(confidence_N[order], candidates_K, "left")
    found: Floats = -from_here[:, places_K] / weights_RN.sum(axis=1, keepdims=True)
    return found


def cross_fitted(
    confidence_N: Floats, student_N: Floats, teacher_N: Floats, groups_N: Sequence[str], *, margin: float, seed: int
) -> Bools:
    """[N]: whom the teacher answers, of each fold by the threshold chosen on the others."""
    folds_N = _folds(groups_N, seed)
    handed_N = np.ones(len(confidence_N), dtype=np.bool_)
    for fold in np.unique(folds_N):
        out_N = folds_N == fold
        found = (
            choose(confidence_N[~out_N], student_N[~out_N], teacher_N[~out_N], margin) if not out_N.all() else ALWAYS
        )
        handed_N[out_N] = handed_over(confidence_N[out_N], found)
    return handed_N


def _folds(groups_N: Sequence[str], seed: int) -> npt.NDArray[np.int64]:
    """[N]: the fold of each row's group; the groups are dealt out in a random order."""
    names, group_of_row_N = np.unique(np.asarray(groups_N, dtype=np.str_), return_inverse=True)
    places = np.random.default_rng(seed).permutation(len(names)) % FOLDS
    found: npt.NDArray[np.int64] = places[group_of_row_N]
    return found
