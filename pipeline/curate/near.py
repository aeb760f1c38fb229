"""Near-duplicates: one text of each cluster stays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.curate.clusters import jaccards, near_clusters
from pipeline.curate.config import Near
from pipeline.curate.dedupe import bests, text_of, unit_of
from pipeline.curate.step import Drop, Keep, Sample, Verdict


def near(samples: Sequence[Sample], config: Near) -> list[Verdict]:
    """Keeps one prompt, or one sample, of each cluster: the one `bests` names.

    A drop's score is the Jaccard similarity with the one kept. It may be below the threshold, where others lie between.
    """
    texts = [text_of(sample, config.on) for sample in samples]
    labels = near_clusters(texts, config.threshold, config.ngram).tolist()
    kept = bests(samples, labels)
    verdicts: list[Verdict] = [Keep(sample) for sample in samples]
    leaving = [
        index
        for index, (sample, label) in enumerate(zip(samples, labels, strict=True))
        if unit_of(sample, config.on) != unit_of(kept[label], config.on)
    ]
    pairs = texts + [text_of(kept[labels[index]], config.on) for index in leaving]
    others = np.arange(len(texts), len(pairs))
    for index, score in zip(leaving, jaccards(pairs, np.array(leaving, int), others, config.ngram), strict=True):
        verdicts[index] = Drop("near_duplicate", float(score))
    return verdicts
