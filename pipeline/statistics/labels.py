"""Labels said against labels right: the confusion matrix and macro-F1.

Axes: R resamples, N rows, L labels. A label is its place in the recipe's list; what is none of them is L.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.statistics.auc import Floats

Places = npt.NDArray[np.int64]


def confusion(gold_N: Places, said_N: Places, labels: int) -> npt.NDArray[np.int64]:
    """Returns [L, L + 1]: rows are gold, columns what was said, the last "none of them"."""
    counts: npt.NDArray[np.int64] = np.bincount(gold_N * (labels + 1) + said_N, minlength=labels * (labels + 1))
    return counts.reshape(labels, labels + 1)


def macro_f1(weights_RN: Floats, gold_N: Places, said_N: Places, labels: int) -> Floats:
    """Returns [R]: the mean over labels of F1 = 2 TP / (2 TP + FP + FN), each row counting as often as its weight says.

    Of the labels that are gold or said with any weight, as scikit-learn does it; NaN where there is none.
    """
    f1_LR = [_f1(weights_RN, gold_N == label, said_N == label) for label in range(labels)]
    seen_LR = np.isfinite(f1_LR)
    sums_R, counts_R = np.nansum(f1_LR, axis=0), seen_LR.sum(axis=0)
    f1_R: Floats = np.divide(sums_R, counts_R, out=np.full(len(sums_R), np.nan), where=counts_R > 0)
    return f1_R


def _f1(weights_RN: Floats, gold_N: npt.NDArray[np.bool_], said_N: npt.NDArray[np.bool_]) -> Floats:
    true_R = weights_RN @ (gold_N & said_N)
    total_R = weights_RN @ (gold_N.astype(float) + said_N)
    # A label that is neither gold nor said has no F1, and is no part of the mean.
    f1_R: Floats = np.divide(2 * true_R, total_R, out=np.full(len(total_R), np.nan), where=total_R > 0)
    return f1_R
