"""Copies: a reply that says again what it was given, rather than answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

from pipeline.curate.step import Drop, Keep, Rule, Sample, Verdict, each
from pipeline.recipe.curate import Copies
from prompts.messages import Conversation
from prompts.text import normalise
from prompts.words import words

NGRAM = 5
"""Words that must follow one another to count as copied: shorter runs are common to any two texts on one subject."""

Grams = frozenset[tuple[str, ...]]


def copies(config: Copies) -> Rule:
    """Drops replies of `min_words` or more, `share` of whose 5-word runs stand in the prompt or in an example."""
    return each(partial(_verdict, config))


def _verdict(config: Copies, sample: Sample) -> Verdict:
    reply = words(normalise(sample.completion))
    if len(reply) < config.min_words:
        return Keep(sample)
    grams = _runs(reply)
    given = (
        ("copies_example", (_grams_of_example(turn.content) for turn in _examples(sample))),
        ("copies_prompt", (_grams_of(turn.content) for turn in sample.student_messages)),
    )
    for reason, turns in given:
        share = max((_share(grams, turn) for turn in turns), default=0.0)
        if share >= config.share:
            return Drop(reason, share)
    return Keep(sample)


def _examples(sample: Sample) -> Conversation:
    """What only the teacher saw: what comes before the question, which `pii` may have masked in `bare` since."""
    own, question = set(sample.student_messages), sum(turn.role != "system" for turn in sample.student_messages)
    before = sample.teacher_messages[: max(len(sample.teacher_messages) - question, 0)]
    return tuple(turn for turn in before if turn not in own)


def _share(runs: Sequence[tuple[str, ...]], given: Grams) -> float:
    return sum(run in given for run in runs) / len(runs)


def _runs(text: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*(text[start:] for start in range(NGRAM)), strict=False))


def _grams_of(text: str) -> Grams:
    return frozenset(_runs(words(normalise(text))))


_grams_of_example = lru_cache(16)(_grams_of)  # the same in every prompt of a template
