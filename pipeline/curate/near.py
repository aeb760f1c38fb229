"""Near-duplicates: one text of each cluster stays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.curate.clusters import jaccards, near_clusters
from pipeline.curate.dedupe import bests, text_of, unit_of
from pipeline.curate.step import Drop, Keep, Sample, Verdict
from pipeline.recipe.curate import Near


def near(samples: Sequence[Sample], config: Near) -> list[Verdict]:
    """Keeps one prompt, or one sample, of each cluster: the one `bests` names.

    A drop's score is the Jaccard similarity with the one kept. It may be below the threshold, where others lie between.
    """
    texts = [text_of(sample, config.on) for sample in samples]
    labels = near_clusters(texts, config.threshold, config.ngram).tolist()
    kept = bests(samples, labels)
    pairs = {
        index: (texts[index], text_of(kept[label], config.on))
        for index, (sample, label) in enumerate(zip(samples, labels, strict=True))
        if unit_of(sample, config.on) != unit_of(kept[label], config.on)
    }
    scores = _scores(list(dict.fromkeys(pairs.values())), config.ngram)
    return [
        Drop("near_duplicate", scores[pairs[index]]) if index in pairs else Keep(sample)
        for index, sample in enumerate(samples)
    ]


def _scores(pairs: Sequence[tuple[str, str]], ngram: int) -> dict[tuple[str, str], float]:
    texts = [text for pair in pairs for text in pair]
    evens = np.arange(0, len(texts), 2)
    return dict(zip(pairs, jaccards(texts, evens, evens + 1, ngram).tolist(), strict=True))
