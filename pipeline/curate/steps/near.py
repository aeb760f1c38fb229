"""Near: one text of each cluster of near-duplicates stays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from pydantic import Field

from pipeline.curate.dedupe import On, bests, text_of, unit_of
from pipeline.recipe.step import Step, Tools
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict


class Near(Step):
    """Keeps one text of each cluster of near-duplicates: every pair as similar as the threshold is in one cluster."""

    step: Literal["near"] = "near"
    on: On = "prompt"
    """What is compared: as in `exact`."""
    threshold: float = Field(0.8, gt=0, le=1)
    """The Jaccard similarity of two texts' sets of shingles from which on they are near."""
    ngram: int = Field(3, ge=1, le=16)
    """Words in a shingle."""

    def rule(self, tools: Tools) -> Rule:
        """Keeps one prompt, or one sample, of each cluster: the one that `bests` names.

        A drop's score is the Jaccard similarity with the one kept. It may be below the threshold, where others lie
        between.
        """
        return partial(_near, self)


def _near(config: Near, samples: Sequence[Sample]) -> list[Verdict]:
    from pipeline.curate.clusters import near_clusters

    texts = [text_of(sample, config.on) for sample in samples]
    labels = near_clusters(texts, config.threshold, config.ngram).tolist()
    kept = bests(samples, labels)
    pairs: dict[int, tuple[str, str]] = {}
    for index, (sample, label) in enumerate(zip(samples, labels, strict=True)):
        if unit_of(sample, config.on) != unit_of(kept[label], config.on):
            pairs[index] = (texts[index], text_of(kept[label], config.on))
    # Each pair of texts once: in a cluster of copies they are all the same.
    similarities = _similarities(list(dict.fromkeys(pairs.values())), config.ngram)
    verdicts: list[Verdict] = []
    for index, sample in enumerate(samples):
        if index in pairs:
            verdicts.append(Drop("near_duplicate", similarities[pairs[index]]))
        else:
            verdicts.append(Keep(sample))
    return verdicts


def _similarities(pairs: Sequence[tuple[str, str]], ngram: int) -> dict[tuple[str, str], float]:
    import numpy as np

    from pipeline.curate.clusters import jaccards

    texts = [text for pair in pairs for text in pair]
    evens = np.arange(0, len(texts), 2)
    return dict(zip(pairs, jaccards(texts, evens, evens + 1, ngram).tolist(), strict=True))


STEP = Near
