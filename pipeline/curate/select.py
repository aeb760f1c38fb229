"""Select: a budget of train rows, spread over what there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.curate.config import Select
from pipeline.curate.embeddings import hashed_vectors
from pipeline.curate.step import Drop, Keep, Sample, Verdict
from pipeline.curate.text import normalise
from prompts.digest import digest


def select(samples: Sequence[Sample], *, config: Select) -> list[Verdict]:
    """Keeps at most `config.rows` train samples; the others are `not_selected`. Held-out ones are spared.

    The order of the samples does not matter: where nothing else decides, the digest of the sample's id does.
    """
    train = sorted((sample for sample in samples if sample.split == "train"), key=_lot)
    if len(train) <= config.rows:
        return [Keep(sample) for sample in samples]
    chosen = _by_label(train, config.rows) if config.by == "label" else _by_diversity(train, config.rows)
    return [
        Keep(sample) if sample.split == "heldout" or sample.sample_id in chosen else Drop("not_selected")
        for sample in samples
    ]


def _lot(sample: Sample) -> str:
    return digest(["select", sample.sample_id])


def _by_label(train: Sequence[Sample], rows: int) -> set[str]:
    """In turns, one of each distinct completion, until the budget is spent: rare ones are kept whole."""
    turns: dict[str, int] = defaultdict(int)
    drawn = []
    for sample in train:
        label = normalise(sample.completion)
        drawn.append((turns[label], _lot(sample), sample.sample_id))
        turns[label] += 1
    return {sample_id for *_, sample_id in sorted(drawn)[:rows]}


def _by_diversity(train: Sequence[Sample], rows: int) -> set[str]:
    vectors = hashed_vectors("\n".join(turn.content for turn in sample.bare) for sample in train)
    return {train[place].sample_id for place in k_center(vectors, rows)}


def k_center(vectors: NDArray[np.float32], count: int) -> Iterable[int]:
    """Greedy k-center (Gonzalez 1985): the first vector, then always the one farthest from all chosen ones.

    Vectors are of length 1. At most twice the best radius there is; `count` passes over all vectors.
    """
    nearest = np.full(len(vectors), -np.inf, np.float32)
    chosen = 0
    for _ in range(count):
        yield chosen
        np.maximum(nearest, vectors @ vectors[chosen], out=nearest)
        nearest[chosen] = np.inf
        chosen = int(np.argmin(nearest))
