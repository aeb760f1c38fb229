"""Exact duplicates, after normalisation."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.curate.step import Drop, Keep, Sample, Verdict
from pipeline.curate.text import normalise


def exact(samples: Sequence[Sample]) -> list[Verdict]:
    """Keeps the first prompt of each normalised text, with all its samples, and drops the later ones.

    A text on both sides of the split stays held out: dropping it there would leak it into training.
    """
    texts = [normalise("\n".join(turn.content for turn in sample.bare)) for sample in samples]
    owners: dict[str, str] = {}
    for sample, text in sorted(zip(samples, texts, strict=True), key=lambda pair: pair[0].split != "heldout"):
        owners.setdefault(text, sample.prompt_id)
    return [
        Keep(sample) if owners[text] == sample.prompt_id else Drop("exact_duplicate")
        for sample, text in zip(samples, texts, strict=True)
    ]
