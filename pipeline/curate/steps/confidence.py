"""Confidence: keeps the train replies whose own token logprobs say that the teacher was sure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from pydantic import Field

from pipeline.recipe.step import Step, Tools
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict
from prompts.text import normalise

CLASSES = 20
"""With no more different completions than these on the train side, each is a class of its own."""
CHARS = 1000
"""Of a completion, read to tell classes apart: a label is shorter, and a text that is longer is no label."""


class Confidence(Step):
    """Drops the train rows that the teacher's own token logprobs say it was least sure of. Needs token logprobs."""

    step: Literal["confidence"] = "confidence"
    by: Literal["mean", "min", "margin"] = "mean"
    """`mean` or `min` of the reply's token logprobs, or `margin`: where tokens had another alternative, the smallest
    distance to the likeliest of these. In nats."""
    at_least: float | None = None
    """The least that is kept, in nats; a logprob is 0 or below. None sets no limit."""
    keep: float = Field(1.0, gt=0, le=1)
    """The share of train rows kept, the surest first: of each completion where there are 20 or fewer, else of all;
    each teacher's on its own."""
    without_logprobs: Literal["drop", "keep"] = "drop"
    """What becomes of a train row whose logprobs do not tell."""

    def rule(self, tools: Tools) -> Rule:
        """Drops train samples below `at_least` or outside the surest `keep` of their class.

        A kept sample's margin is how sure the teacher was, in nats. Teachers are not compared with each other: what one
        calls likely another does not.
        """
        return partial(_confidence, self)

    def keeping_all(self) -> Step | None:
        """Leaves itself out: it does nothing but choose the surest."""
        return None


def _confidence(config: Confidence, samples: Sequence[Sample]) -> list[Verdict]:
    from pipeline.curate.certainty import measure_all

    nats_of_all = list(measure_all(samples, config.by))
    classes = _classes(samples)
    floors = _floors(samples, nats_of_all, classes, config)
    verdicts: list[Verdict] = []
    for sample, nats, class_name in zip(samples, nats_of_all, classes, strict=True):
        verdicts.append(_verdict(sample, nats, floors.get(class_name, -math.inf), config))
    return verdicts


def _floors(
    samples: Sequence[Sample], nats_of_all: Sequence[float | None], classes: Sequence[Hashable], config: Confidence
) -> dict[Hashable, float]:
    """Finds, per class, the least that stays: measured on train samples alone."""
    of_class: dict[Hashable, list[float]] = defaultdict(list)
    for sample, nats, class_name in zip(samples, nats_of_all, classes, strict=True):
        if nats is not None and sample.split == "train":
            of_class[class_name].append(nats)
    least = -math.inf if config.at_least is None else config.at_least
    return {class_name: max(_cut(measured, config.keep), least) for class_name, measured in of_class.items()}


def _classes(samples: Sequence[Sample]) -> list[Hashable]:
    """Names each sample's class: its teacher and, where the completions are few, its completion."""
    texts = [normalise(sample.completion[:CHARS]) for sample in samples]
    # Labels must not compete: a rare one may be hard, and would lose all its rows to an easy one.
    distinct = {text for text, sample in zip(texts, samples, strict=True) if sample.split == "train"}
    if len(distinct) > CLASSES:
        return [sample.teacher for sample in samples]
    return [(sample.teacher, text) for sample, text in zip(samples, texts, strict=True)]


def _cut(nats: Sequence[float], keep: float) -> float:
    """Finds the least of the surest `keep` of these; who is as sure as that one stays too."""
    count = math.ceil(keep * len(nats) - 1e-9)  # 0.7 of 10 is 7, whatever floats say
    return sorted(nats, reverse=True)[count - 1]


def _verdict(sample: Sample, nats: float | None, floor: float, config: Confidence) -> Verdict:
    if nats is None:
        spared = sample.split == "heldout" or config.without_logprobs == "keep"
        return Keep(sample) if spared else Drop("no_logprobs")
    if sample.split == "train" and nats < floor:
        return Drop("low_confidence", nats)
    return Keep(replace(sample, margin=nats))


STEP = Confidence
