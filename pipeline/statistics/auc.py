"""The area under the ROC curve, as the rank statistic: P(a positive outranks a negative), ties one half.

Axes: R resamples, N rows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def auc(positive_N: npt.NDArray[np.bool_], log_odds_N: Floats) -> float | None:
    """Returns the AUC; None where one of the classes is missing.

    Order is all that counts, so infinite log-odds are fine."""
    value = float(weighted_auc(np.ones((1, len(log_odds_N))), positive_N, log_odds_N)[0])
    if np.isnan(value):
        return None
    return value


def weighted_auc(weights_RN: Floats, positive_N: npt.NDArray[np.bool_], log_odds_N: Floats) -> Floats:
    """Returns one AUC per row of weights, each row counting as often as its weight says.

    NaN where a class is missing.
    """
    order = np.argsort(log_odds_N, kind="stable")
    ranked = log_odds_N[order]
    positives_RN = weights_RN[:, order] * positive_N[order]
    negatives_RN = weights_RN[:, order] - positives_RN
    below = np.pad(negatives_RN.cumsum(axis=1), ((0, 0), (1, 0)))  # below[:, i]: negatives among the first i
    lower, upper = np.searchsorted(ranked, ranked, "left"), np.searchsorted(ranked, ranked, "right")
    wins_R = (positives_RN * (below[:, lower] + below[:, upper]) / 2).sum(axis=1)
    pairs_R = positives_RN.sum(axis=1) * negatives_RN.sum(axis=1)
    values_R: Floats = np.divide(wins_R, pairs_R, out=np.full(len(pairs_R), np.nan), where=pairs_R > 0)
    return values_R
