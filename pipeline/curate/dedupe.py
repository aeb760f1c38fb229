"""Which of several texts that count as the same stays; exact duplicates, after normalisation."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from pipeline.curate.step import Drop, Keep, Sample, Verdict
from pipeline.recipe.curate import On
from prompts.text import normalise


def exact(samples: Sequence[Sample], on: On = "prompt") -> list[Verdict]:
    """Keeps one prompt, or one sample, of each normalised text: the one `bests` names."""
    keys = [normalise(text_of(sample, on)) for sample in samples]
    kept = bests(samples, keys)
    return [
        Keep(sample) if unit_of(sample, on) == unit_of(kept[key], on) else Drop("exact_duplicate")
        for sample, key in zip(samples, keys, strict=True)
    ]


def bests(samples: Sequence[Sample], keys: Sequence[Hashable]) -> Mapping[Hashable, Sample]:
    """The sample that stays of each key: a held-out one, then by judge's score, by margin, by smallest id.

    A text on both sides of the split stays held out: dropping it there would leak it into training.
    """
    found: dict[Hashable, Sample] = {}
    for key, sample in zip(keys, samples, strict=True):
        if key not in found or preference(sample) < preference(found[key]):
            found[key] = sample
    return found


def text_of(sample: Sample, on: On) -> str:
    """What is compared: what the student will be asked, what it will answer, or both."""
    prompt = [turn.content for turn in sample.student_messages] if on != "reply" else []
    reply = [sample.completion] if on != "prompt" else []
    return "\n".join([*prompt, *reply])


def unit_of(sample: Sample, on: On) -> str:
    """What stays or leaves as one: a prompt with all its samples, or a sample where replies are compared."""
    return sample.prompt_id if on == "prompt" else sample.sample_id


def preference(sample: Sample) -> tuple[Any, ...]:
    """Smaller stays."""
    score = -math.inf if sample.score is None else sample.score
    margin = -math.inf if sample.margin is None else sample.margin
    return (sample.split != "heldout", -score, -margin, sample.sample_id)
