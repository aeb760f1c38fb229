"""Semantic duplicates: texts that say the same in other words, by the cosine of their embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.curate.cosine import nearest_before
from pipeline.curate.dedupe import bests, preference, unit_of
from pipeline.curate.embeddings import model_vectors
from pipeline.curate.step import Drop, Keep, Sample, Verdict
from pipeline.recipe.curate import On, Semantic

EXACT = 1e-6  # float32's own: the same direction is 1
Key = tuple[str, str]
"""The system text, and what is compared among those that share it."""


def semantic(samples: Sequence[Sample], config: Semantic) -> list[Verdict]:
    """Drops every text that is as near as the threshold to a better one; better is what `bests` prefers.

    A drop's score is the cosine with the nearest better one, its detail that one's sample id. That one may be dropped
    itself, for one that is better still: nobody stays with a better neighbour, and no chain joins what is not near.
    """
    keys = [_key(sample, config.on) for sample in samples]
    found = bests(samples, keys)
    heads = {key: found[key] for key in keys}
    yields = dict(_yields(heads, config))
    return [_verdict(sample, heads[key], yields.get(key), config.on) for sample, key in zip(samples, keys, strict=True)]


def _verdict(sample: Sample, head: Sample, better: tuple[Sample, float] | None, on: On) -> Verdict:
    if better is not None:
        return Drop("semantic_duplicate", better[1], better[0].sample_id)
    if unit_of(sample, on) != unit_of(head, on):
        return Drop("semantic_duplicate", 1.0, head.sample_id)
    return Keep(sample)


def _yields(heads: Mapping[Key, Sample], config: Semantic) -> Iterator[tuple[Key, tuple[Sample, float]]]:
    """Each text that must go, with the nearest better one and their cosine."""
    groups: dict[str, list[Key]] = {}
    for key in sorted(heads, key=lambda key: preference(heads[key])):
        groups.setdefault(key[0], []).append(key)
    for keys in groups.values():
        vectors = model_vectors([text for _, text in keys], config.model, "curate.steps.semantic.model")
        places, cosines = nearest_before(vectors)
        for key, place, cosine in zip(keys, places.tolist(), cosines.tolist(), strict=True):
            if cosine >= config.threshold - EXACT:
                yield key, (heads[keys[place]], min(cosine, 1.0))


def _key(sample: Sample, on: On) -> Key:
    """System text is the same in thousands of prompts: in their means it would make everything alike."""
    if on == "reply":
        return "", sample.completion
    system = "\n".join(turn.content for turn in sample.student_messages if turn.role == "system")
    turns = [turn.content for turn in sample.student_messages if turn.role != "system"]
    return system, "\n".join([*turns, *([sample.completion] if on == "both" else [])])
