"""Contextual calibration of label logprobs, after Zhao et al. 2021 (arXiv:2102.09690).

A small teacher's logprobs rank well long after its argmax has collapsed onto one label. The content-free
input of the paper is replaced by the corpus itself: each label's log-odds are shifted so that it is chosen
as often as the prior says on the train rows. For two labels and equal shares that is a cut at the median.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.curate.label_logprobs import label_logprobs
from pipeline.curate.step import Drop, Keep, Sample, Verdict
from pipeline.recipe.curate import Calibrate
from prompts.labels import Labels

Floats = NDArray[np.float64]


def calibrate(samples: Sequence[Sample], config: Calibrate) -> list[Verdict]:
    """Relabels every sample by its calibrated label; drops the least sure train samples beyond `keep`.

    The shift and the cut are measured on train rows alone, each teacher's on its own; no gold is used anywhere.
    """
    by_teacher: dict[str, list[int]] = defaultdict(list)
    verdicts: list[Verdict] = []
    labels = Labels(config.labels)
    for index, sample in enumerate(samples):
        by_teacher[sample.teacher].append(index)
        verdicts.append(_without_logprobs(sample, labels, config))
    for indices in by_teacher.values():
        _calibrate_one(samples, indices, config, verdicts)
    return verdicts


def _without_logprobs(sample: Sample, labels: Labels, config: Calibrate) -> Verdict:
    label = labels.read(sample.completion)
    if config.without_logprobs == "drop" or label is None:
        return Drop("no_label_logprobs")
    return Keep(replace(sample, completion=label))


def _calibrate_one(
    samples: Sequence[Sample], indices: Sequence[int], config: Calibrate, verdicts: list[Verdict]
) -> None:
    """Sets the verdicts of one teacher's samples that have label logprobs."""
    found = {index: label_logprobs(samples[index].tokens.first(), config.labels) for index in indices}
    usable = [index for index in indices if found[index] is not None]
    if not usable:
        return
    odds_NL = log_odds(np.array([found[index] for index in usable]))
    train_N = np.array([samples[index].split == "train" for index in usable])
    centred_NL = odds_NL - shift(odds_NL[train_N] if train_N.any() else odds_NL, _prior(config))
    margins_N = margin(centred_NL)
    least = np.quantile(margins_N[train_N], 1 - config.keep) if config.keep < 1 and train_N.any() else -np.inf
    for row, index in enumerate(usable):
        label, sure = config.labels[int(centred_NL[row].argmax())], float(margins_N[row])
        if sure < least and train_N[row]:
            verdicts[index] = Drop("low_margin", sure)
            continue
        soft = shares(centred_NL[row], config.labels)
        verdicts[index] = Keep(replace(samples[index], completion=label, margin=sure, soft_labels=soft))


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


def shares(centred_L: Floats, labels: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """The labels' calibrated probabilities, the likeliest first: each one's own from its log-odds, then summed to 1.

    Two labels' log-odds are each other's negative, and their own probabilities sum to 1 already.
    """
    logs_L = -np.logaddexp(0, -centred_L)  # of the logistic function: no odds are too long for it
    chances_L = np.exp(logs_L - np.logaddexp.reduce(logs_L))
    order = np.argsort(-centred_L, kind="stable")
    return tuple((labels[index], float(chances_L[index])) for index in order)


def _prior(config: Calibrate) -> Floats:
    shares = np.array(config.prior or [1.0] * len(config.labels))
    total: Floats = shares / shares.sum()
    return total
