"""Confidence: keeps the train replies whose own token logprobs say that the teacher was sure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.curate.config import Confidence
from pipeline.curate.step import Drop, Keep, Sample, Verdict
from pipeline.curate.text import normalise

CLASSES = 20
"""With no more different completions than these on the train side, each is a class of its own."""


def confidence(samples: Sequence[Sample], config: Confidence) -> list[Verdict]:
    """Drops train samples below `at_least` or outside the surest `keep` of their class; margin is how sure, in nats.

    Teachers are not compared with each other: what one calls likely another does not.
    """
    sure = [how_sure(sample.tokens.array(), config.by) for sample in samples]
    classes = _classes(samples)
    of_class: dict[Hashable, list[float]] = defaultdict(list)
    for sample, nats, group in zip(samples, sure, classes, strict=True):
        if nats is not None and sample.split == "train":
            of_class[group].append(nats)
    least = -math.inf if config.at_least is None else config.at_least
    floors = {group: max(_cut(found, config.keep), least) for group, found in of_class.items()}
    return [
        _verdict(sample, nats, floors.get(group, -math.inf), config)
        for sample, nats, group in zip(samples, sure, classes, strict=True)
    ]


def how_sure(tokens: pa.StructArray, by: str) -> float | None:
    """How sure a teacher was of a reply with these tokens, in nats; None where they do not tell.

    `mean` and `min` are of the sampled tokens' logprobs. `margin` looks at the decisions, the tokens that have another
    alternative: it is the smallest distance to the best of these, below 0 where another one was likelier.
    """
    if not len(tokens):
        return None
    logprobs_T = tokens.field("logprob").to_numpy(zero_copy_only=False).astype(np.float64)
    if by == "mean":
        return float(logprobs_T.mean())
    if by == "min":
        return float(logprobs_T.min())
    distances_T = logprobs_T - _best_others(tokens)
    decisions = distances_T[np.isfinite(distances_T)]
    return float(decisions.min()) if len(decisions) else None


def _best_others(tokens: pa.StructArray) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Per token, the logprob of the likeliest alternative that is not the token itself; -inf where there is none."""
    top = tokens.field("top")
    lengths = pc.fill_null(pc.list_value_length(top), 0).to_numpy()
    owners = np.repeat(np.arange(len(tokens)), lengths)
    others = top.flatten()
    own = tokens.field("bytes").take(pa.array(owners))
    differs = pc.not_equal(others.field("bytes"), own).to_numpy(zero_copy_only=False)
    best_T = np.full(len(tokens), -np.inf)
    logprobs = others.field("logprob").to_numpy(zero_copy_only=False)
    np.maximum.at(best_T, owners[differs], logprobs[differs].astype(np.float64))
    return best_T


def _classes(samples: Sequence[Sample]) -> list[Hashable]:
    """Each sample's teacher and, where the completions are few, its completion."""
    texts = [normalise(sample.completion[:1000]) for sample in samples]
    distinct = {text for text, sample in zip(texts, samples, strict=True) if sample.split == "train"}
    if len(distinct) > CLASSES:
        return [sample.teacher for sample in samples]
    return [(sample.teacher, text) for sample, text in zip(samples, texts, strict=True)]


def _cut(sure: Sequence[float], keep: float) -> float:
    """The least of the surest `keep` of these; who is as sure as that one stays too."""
    count = math.ceil(keep * len(sure) - 1e-9)  # 0.7 of 10 is 7, whatever floats say
    return sorted(sure, reverse=True)[count - 1]


def _verdict(sample: Sample, nats: float | None, floor: float, config: Confidence) -> Verdict:
    if nats is None:
        spared = sample.split == "heldout" or config.without_logprobs == "keep"
        return Keep(sample) if spared else Drop("no_logprobs")
    if sample.split == "train" and nats < floor:
        return Drop("low_confidence", nats)
    return Keep(replace(sample, margin=nats))
