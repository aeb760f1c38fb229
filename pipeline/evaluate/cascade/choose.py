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

from pipeline.evaluate.auc import Floats
from pipeline.evaluate.cascade.curve import ALWAYS, Bools, handed_over, thresholds

FOLDS = 10
"""Each threshold is chosen on nine tenths of the groups: close to the one of all rows, which is deployed."""


def choose(confidence_N: Floats, student_N: Floats, teacher_N: Floats, margin: float) -> float:
    """The threshold; ALWAYS where every lower one loses more than the margin."""
    candidates_K = thresholds(confidence_N)
    lost_K = _lost(confidence_N, student_N - teacher_N, candidates_K)
    # Sums of scores are not exact: a loss of the very margin is within it.
    fails = np.flatnonzero(lost_K > margin + 1e-9)
    first = int(fails[-1]) + 1 if len(fails) else 0
    return float(candidates_K[first])


def _lost(confidence_N: Floats, gained_N: Floats, candidates_K: Floats) -> Floats:
    """[K]: the teacher's mean score less the cascade's. Only rows that the student keeps can differ."""
    order = np.argsort(confidence_N, kind="stable")  # NaN last
    known = int((~np.isnan(confidence_N)).sum())
    ranked, gained = confidence_N[order][:known], gained_N[order][:known]
    from_here = np.append(np.cumsum(gained[::-1])[::-1], 0.0)
    found: Floats = -from_here[np.searchsorted(ranked, candidates_K, "left")] / len(confidence_N)
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
