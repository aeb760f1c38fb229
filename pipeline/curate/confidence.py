"""Confidence: keeps the train replies whose own token logprobs say that the teacher was sure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.curate.step import Drop, Keep, Sample, Verdict
from pipeline.recipe.curate import Confidence
from prompts.text import normalise

CLASSES = 20
"""With no more different completions than these on the train side, each is a class of its own."""

TOGETHER = 128
"""Replies measured at once: of a thousand tokens with twenty alternatives each they take some 100 MB."""


def confidence(samples: Sequence[Sample], config: Confidence) -> list[Verdict]:
    """Drops train samples below `at_least` or outside the surest `keep` of their class; margin is how sure, in nats.

    Teachers are not compared with each other: what one calls likely another does not.
    """
    sure = _measured(samples, config.by)
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


def how_sure(replies: Sequence[pa.StructArray], by: str) -> list[float | None]:
    """How sure a teacher was of each reply with these tokens, in nats; None where they do not tell.

    `mean` and `min` are of the sampled tokens' logprobs. `margin` looks at the decisions, the tokens that have another
    alternative: it is the smallest distance to the best of these, below 0 where another one was likelier.
    """
    tokens = pa.concat_arrays(replies)
    lengths_N = np.array([len(reply) for reply in replies])
    rows_T = np.repeat(np.arange(len(replies)), lengths_N)
    nats_T = tokens.field("logprob").to_numpy(zero_copy_only=False).astype(np.float64)
    if by == "mean":
        sure_N = np.where(lengths_N, 0.0, np.inf)
        np.add.at(sure_N, rows_T, nats_T / lengths_N[rows_T])
    else:
        nats_T = nats_T - _best_others(tokens) if by == "margin" else nats_T
        sure_N = np.full(len(replies), np.inf)
        np.minimum.at(sure_N, rows_T, nats_T)
    return [sure if sure < np.inf else None for sure in sure_N.tolist()]


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


def _measured(samples: Sequence[Sample], by: str) -> list[float | None]:
    """`how_sure` for all, some at a time: one by one, Arrow's overhead is most of the work."""
    return [
        sure
        for start in range(0, len(samples), TOGETHER)
        for sure in how_sure([sample.tokens.array() for sample in samples[start : start + TOGETHER]], by)
    ]


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
