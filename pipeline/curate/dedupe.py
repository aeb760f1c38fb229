"""Which of several texts that count as the same stays: what `exact`, `near` and `semantic` have in common."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

from pipeline.recipe.verdict import Sample

On = Literal["prompt", "reply", "both"]


def bests(samples: Sequence[Sample], keys: Sequence[Hashable]) -> Mapping[Hashable, Sample]:
    """Finds the sample that stays of each key: a held-out one, then by judge's score, by margin, by smallest id.

    A text on both sides of the split stays held out: dropping it there would leak it into training.
    """
    best: dict[Hashable, Sample] = {}
    for key, sample in zip(keys, samples, strict=True):
        if key not in best or preference(sample) < preference(best[key]):
            best[key] = sample
    return best


def text_of(sample: Sample, on: On) -> str:
    """Returns what is compared: what the student will be asked, what it will answer, or both."""
    prompt = [turn.content for turn in sample.student_messages]
    match on:
        case "prompt":
            return "\n".join(prompt)
        case "reply":
            return sample.completion
        case "both":
            return "\n".join([*prompt, sample.completion])


def unit_of(sample: Sample, on: On) -> str:
    """Names what stays or leaves as one: a prompt with all its samples, or a sample where replies are compared."""
    return sample.prompt_id if on == "prompt" else sample.sample_id


def preference(sample: Sample) -> tuple[Any, ...]:
    """Orders samples: the smaller stays."""
    score = -math.inf if sample.score is None else sample.score
    margin = -math.inf if sample.margin is None else sample.margin
    return (sample.split != "heldout", -score, -margin, sample.sample_id)
