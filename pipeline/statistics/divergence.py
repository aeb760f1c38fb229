"""The Kullback-Leibler divergence between two distributions over the labels. Axes: N rows, L labels."""

from __future__ import annotations

import numpy as np

from pipeline.statistics.auc import Floats


def kl(teacher_NL: Floats, student_NL: Floats) -> Floats:
    """Returns [N], in nats: KL(teacher || student).

    The log probabilities need not sum to 1: the labels share it all.
    """
    p_NL, q_NL = _normalised(teacher_NL), _normalised(student_NL)
    # It is never negative but for the last digits of equal distributions.
    kl_N: Floats = np.maximum((np.exp(p_NL) * (p_NL - q_NL)).sum(axis=1), 0.0)
    return kl_N


def _normalised(logs_NL: Floats) -> Floats:
    normalised_NL: Floats = logs_NL - np.logaddexp.reduce(logs_NL, axis=1, keepdims=True)
    return normalised_NL
