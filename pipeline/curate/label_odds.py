"""Labels' log-odds, shifted so that each label is chosen as often as it should be: arrays and no rows.

Suffixes: N rows, L labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def log_odds(logprobs_NL: Floats) -> Floats:
    """Returns log P(label) - log P(any other label), per row and label, in nats."""
    labels = logprobs_NL.shape[1]
    others = [np.logaddexp.reduce(np.delete(logprobs_NL, label, axis=1), axis=1) for label in range(labels)]
    odds: Floats = logprobs_NL - np.stack(others, axis=1)
    return odds


def shift(odds_NL: Floats, prior_L: Floats) -> Floats:
    """Returns, per label, the log-odds that the prior's share of rows exceeds."""
    return np.array([np.quantile(odds_NL[:, label], 1 - share) for label, share in enumerate(prior_L)])


def margin(centred_NL: Floats) -> Floats:
    """Returns the distance of the first label's calibrated log-odds from the second's, in nats."""
    ordered = np.sort(centred_NL, axis=1)
    distance: Floats = ordered[:, -1] - ordered[:, -2]
    return distance


def shares(centred_L: Floats, labels: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Returns the labels' calibrated probabilities, the likeliest first: each from its log-odds, then summed to 1.

    Two labels' log-odds are each other's negative, and their own probabilities sum to 1 already.
    """
    logs_L = -np.logaddexp(0, -centred_L)  # of the logistic function: no odds are too long for it
    chances_L = np.exp(logs_L - np.logaddexp.reduce(logs_L))
    order = np.argsort(-centred_L, kind="stable")
    return tuple((labels[index], float(chances_L[index])) for index in order)
