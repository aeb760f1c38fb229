"""Calibrate: contextual calibration of label logprobs, after Zhao et al. 2021 (arXiv:2102.09690).

A small teacher's logprobs rank well long after its argmax has collapsed onto one label. The content-free
input of the paper is replaced by the corpus itself: each label's log-odds are shifted so that it is chosen
as often as the prior says on the train rows. For two labels and equal shares that is a cut at the median.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipeline.recipe.step import Rewrite, Step, Tools
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict
from prompts.labels import Labels

if TYPE_CHECKING:  # loaded when the rule runs
    from pipeline.curate.label_odds import Floats


class Calibrate(Step):
    """Relabels from the teacher's label logprobs, shifted so that no label is favoured on the train rows.

    Uses no gold. Needs token logprobs.
    """

    step: Literal["calibrate"] = "calibrate"
    labels: list[str] = Field(min_length=2)
    """The labels as the teacher writes them."""
    prior: list[float] | None = None
    """The share expected of each label, in their order; default: equal shares."""
    keep: float = Field(1.0, gt=0, le=1)
    """The share of train rows kept, those with the widest margins first."""
    without_logprobs: Literal["drop", "use_reply"] = "drop"
    """What becomes of a reply without label logprobs: dropped, or kept where its text is one of the labels."""

    def rule(self, tools: Tools) -> Rule:
        """Relabels every sample by its calibrated label; drops the least sure train samples beyond `keep`.

        The shift and the cut are measured on train rows alone, each teacher's on its own; no gold is used anywhere.
        """
        return partial(_calibrate, self)

    @property
    def rewrites(self) -> bool:
        """Relabels."""
        return True

    def rewriter(self) -> Rewrite:
        """Writes a label as the recipe does, and relabels nothing: that takes all the rows. Other texts stay."""
        return partial(_as_label, Labels(self.labels))

    def keeping_all(self) -> Step:
        """Relabels all rows."""
        return self.model_copy(update={"keep": 1.0})

    @property
    def labels_known(self) -> Sequence[str]:
        """Its labels."""
        return self.labels


def _as_label(labels: Labels, sample: Sample) -> Sample:
    label = labels.read(sample.completion)
    if label is None:
        return sample
    return replace(sample, completion=label)


def _calibrate(config: Calibrate, samples: Sequence[Sample]) -> list[Verdict]:
    by_teacher: dict[str, list[int]] = defaultdict(list)
    verdicts: list[Verdict] = []
    labels = Labels(config.labels)
    for index, sample in enumerate(samples):
        by_teacher[sample.teacher].append(index)
        verdicts.append(_without_logprobs(sample, labels, config))
    for indices in by_teacher.values():
        _calibrate_teacher(samples, indices, config, verdicts)
    return verdicts


def _without_logprobs(sample: Sample, labels: Labels, config: Calibrate) -> Verdict:
    label = labels.read(sample.completion)
    if config.without_logprobs == "drop" or label is None:
        return Drop("no_label_logprobs")
    return Keep(replace(sample, completion=label))


def _calibrate_teacher(
    samples: Sequence[Sample], indices: Sequence[int], config: Calibrate, verdicts: list[Verdict]
) -> None:
    """Sets the verdicts of one teacher's samples that have label logprobs."""
    import numpy as np

    from pipeline.curate.label_odds import log_odds, margin, shares, shift

    logprobs_of = _label_logprobs(samples, indices, config.labels)
    if not logprobs_of:
        return
    odds_NL = log_odds(np.array(list(logprobs_of.values())))
    train_N = np.array([samples[index].split == "train" for index in logprobs_of])
    # Without a train row there is nothing to fit on but what is there, and nothing that a fit could leak into.
    fitted_on_NL = odds_NL[train_N] if train_N.any() else odds_NL
    centred_NL = odds_NL - shift(fitted_on_NL, _prior(config))
    margins_N = margin(centred_NL)
    least = np.quantile(margins_N[train_N], 1 - config.keep) if config.keep < 1 and train_N.any() else -np.inf
    for row, index in enumerate(logprobs_of):
        label, sure = config.labels[int(centred_NL[row].argmax())], float(margins_N[row])
        if sure < least and train_N[row]:
            verdicts[index] = Drop("low_margin", sure)
            continue
        soft_labels = shares(centred_NL[row], config.labels)
        verdicts[index] = Keep(replace(samples[index], completion=label, margin=sure, soft_labels=soft_labels))


def _label_logprobs(samples: Sequence[Sample], indices: Sequence[int], labels: Sequence[str]) -> dict[int, list[float]]:
    """Reads, by the sample's index, each label's logprob; samples whose tokens do not tell are left out."""
    from pipeline.curate.label_logprobs import label_logprobs

    logprobs_of: dict[int, list[float]] = {}
    for index in indices:
        logprobs = label_logprobs(samples[index].tokens.first(), labels)
        if logprobs is not None:
            logprobs_of[index] = logprobs
    return logprobs_of


def _prior(config: Calibrate) -> Floats:
    import numpy as np

    shares = np.array(config.prior or [1.0] * len(config.labels))
    prior: Floats = shares / shares.sum()
    return prior


STEP = Calibrate
