"""Select: a budget of train rows, spread over what there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.curate.embeddings import hashed_vectors, model_vectors
from pipeline.curate.step import Drop, Keep, Sample, Verdict
from pipeline.recipe.curate import Select
from prompts.digest import digest
from prompts.text import normalise

ANCHORS = 2048
ASKED = 128
"""Candidates whose gain is asked for at a time: 1 MB of cosines."""
ROUNDS = 4
"""How often for one choice: without an end, a choice among 100,000 took a tenth of a second and more."""


def select(samples: Sequence[Sample], *, config: Select) -> list[Verdict]:
    """Keeps at most `config.rows` train samples; the others are `not_selected`. Held-out ones are spared.

    The order of the samples does not matter: where nothing else decides, the digest of the sample's id does.
    """
    train = sorted((sample for sample in samples if sample.split == "train"), key=_lot)
    if len(train) <= config.rows:
        return [Keep(sample) for sample in samples]
    chosen = _by_label(train, config.rows) if config.by == "label" else _spread(train, config)
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


def _spread(train: Sequence[Sample], config: Select) -> set[str]:
    if config.model is None:
        vectors = hashed_vectors("\n".join(turn.content for turn in sample.student_messages) for sample in train)
    else:
        asked = [
            "\n".join(turn.content for turn in sample.student_messages if turn.role != "system") for sample in train
        ]
        vectors = model_vectors(asked, config.model, "curate.steps.select.model")
    places = (k_center if config.by == "diversity" else facility_location)(vectors, config.rows)
    return {train[place].sample_id for place in places}


def k_center(vectors: NDArray[np.float32], count: int) -> Iterator[int]:
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


def facility_location(vectors: NDArray[np.float32], count: int) -> Iterator[int]:
    """Always the vector that most raises the sum, over all, of the cosine with the nearest chosen one.

    Lazy greedy (Minoux 1978), within 1 - 1/e of the best sum (Nemhauser et al. 1978): what a vector adds only falls, so
    an older figure bounds it, and few are asked again; where that leaves more than ROUNDS x ASKED to ask, the best of
    so many is taken. Beyond ANCHORS vectors the sum is over the first so many, which must be a random draw. Vectors
    are of length 1, or 0.
    """
    anchors = vectors[:ANCHORS]
    covered = np.zeros(len(anchors), np.float32)
    bounds = np.full(len(vectors), np.inf, np.float32)
    for start in range(0, len(vectors), ASKED):
        bounds[start : start + ASKED] = np.maximum(vectors[start : start + ASKED] @ anchors.T, 0).sum(axis=1)
    for _ in range(count):
        fresh = np.zeros(len(vectors), bool)
        for _ in range(ROUNDS):
            asked = _highest(bounds, fresh)
            bounds[asked] = np.maximum(vectors[asked] @ anchors.T - covered, 0).sum(axis=1)
            fresh[asked] = True
            if fresh[bounds.argmax()]:
                break
        chosen = int(np.where(fresh, bounds, -np.inf).argmax())
        yield chosen
        np.maximum(covered, anchors @ vectors[chosen], out=covered)
        bounds[chosen] = -np.inf


def _highest(bounds: NDArray[np.float32], fresh: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The places of the highest bounds that are not fresh, some ASKED of them, in order of place."""
    stale = np.flatnonzero(~fresh & (bounds > -np.inf))
    if len(stale) <= ASKED:
        return stale
    return np.sort(stale[np.argpartition(-bounds[stale], ASKED)[:ASKED]])
