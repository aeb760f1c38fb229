"""Contextual calibration of label logprobs, after Zhao et al. 2021 (arXiv:2102.09690).

A small teacher's logprobs rank well long after its argmax has collapsed onto one label. The content-free
input of the paper is replaced by the corpus itself: each label's log-odds are shifted so that it is chosen
as often as the prior says on the train rows. For two labels and equal shares that is a cut at the median.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.curate.config import Calibrate
from pipeline.curate.label_logprobs import label_logprobs
from pipeline.curate.step import Drop, Keep, Sample, Verdict

Floats = NDArray[np.float64]


def calibrate(samples: Sequence[Sample], config: Calibrate) -> list[Verdict]:
    """Relabels every sample by its calibrated label; drops the least sure train samples beyond `keep`.

    The shift and the cut are measured on train rows alone; no gold is used anywhere.
    """
    found = [label_logprobs(sample.tokens, config.labels) for sample in samples]
    usable = [index for index, logprobs in enumerate(found) if logprobs is not None]
    verdicts: list[Verdict] = [Drop("no_label_logprobs") for _ in samples]
    if not usable:
        return verdicts
    odds_NL = log_odds(np.array([found[index] for index in usable]))
    train_N = np.array([samples[index].split == "train" for index in usable])
    centred_NL = odds_NL - shift(odds_NL[train_N] if train_N.any() else odds_NL, _prior(config))
    margins_N = margin(centred_NL)
    least = np.quantile(margins_N[train_N], 1 - config.keep) if config.keep < 1 and train_N.any() else -np.inf
    for row, index in enumerate(usable):
        label, sure = config.labels[int(centred_NL[row].argmax())], float(margins_N[row])
        kept = sure >= least or not train_N[row]
        verdicts[index] = (
            Keep(replace(samples[index], completion=label, margin=sure)) if kept else Drop("low_margin", sure)
        )
    return verdicts


def log_odds(logprobs_NL: Floats) -> Floats:
    """log P(label) - log P(any other label), per row and label, in nats."""
    labels = logprobs_NL.shape[1]
    others = [np.logaddexp.reduce(np.delete(logprobs_NL, label, axis=1), axis=1) for label in range(labels)]
    odds: Floats = logprobs_NL - np.stack(others, axis=1)
    return odds


def shift(odds_NL: Floats, prior_L: Floats) -> Floats:
    """Per label, the log-odds that the prior's share of rows exceeds."""
    return np.array([np.quantile(odds_NL[:, label], 1 - share) for label, share in enumerate(prior_L)])


def margin(centred_NL: Floats) -> Floats:
    """The distance of the first label's calibrated log-odds from the second's, in nats."""
    ordered = np.sort(centred_NL, axis=1)
    distance: Floats = ordered[:, -1] - ordered[:, -2]
    return distance


def _prior(config: Calibrate) -> Floats:
    shares = np.array(config.prior or [1.0] * len(config.labels))
    total: Floats = shares / shares.sum()
    return total
