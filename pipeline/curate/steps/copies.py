"""Copies: a reply that says again what it was given, rather than answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Literal

from pydantic import Field

from pipeline.recipe.step import Step, Tools
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict, each
from prompts.messages import Conversation
from prompts.text import normalise
from prompts.words import words

NGRAM = 5
"""Words that must follow one another to count as copied: shorter runs are common to any two texts on one subject."""

Run = tuple[str, ...]
Grams = frozenset[Run]


class Copies(Step):
    """Drops replies that say again the prompt, or what the teacher alone was given: its examples."""

    step: Literal["copies"] = "copies"
    share: float = Field(0.9, gt=0, le=1)
    """The share of the reply's runs of 5 words that one message holds, from which on it is a copy."""
    min_words: int = Field(8, ge=5)
    """Shorter replies are kept: a label is an example's answer too."""

    def rule(self, tools: Tools) -> Rule:
        """Gives `copies_example` or `copies_prompt` as the reason, with the share as the score."""
        return each(partial(_verdict, self))


def _verdict(config: Copies, sample: Sample) -> Verdict:
    reply = words(normalise(sample.completion))
    if len(reply) < config.min_words:
        return Keep(sample)
    runs = _runs(reply)
    # Examples first: their n-grams are cached, and most prompts need not be cut into theirs.
    from_example = _most(runs, _examples(sample), _grams_of_example)
    if from_example >= config.share:
        return Drop("copies_example", from_example)
    from_prompt = _most(runs, sample.student_messages, _grams_of)
    if from_prompt >= config.share:
        return Drop("copies_prompt", from_prompt)
    return Keep(sample)


def _most(runs: Sequence[Run], turns: Conversation, grams_of: Callable[[str], Grams]) -> float:
    """Returns the largest share of the reply's runs that one of the turns holds."""
    most = 0.0
    for turn in turns:
        given = grams_of(turn.content)
        most = max(most, sum(run in given for run in runs) / len(runs))
    return most


def _examples(sample: Sample) -> Conversation:
    """Returns what only the teacher saw: the turns before the question.

    The question is left out by its place, for `pii` may have masked it in `student_messages` since.
    """
    own = set(sample.student_messages)
    question = sum(turn.role != "system" for turn in sample.student_messages)
    before = sample.teacher_messages[: max(len(sample.teacher_messages) - question, 0)]
    return tuple(turn for turn in before if turn not in own)


def _runs(text: Sequence[str]) -> list[Run]:
    return list(zip(*(text[start:] for start in range(NGRAM)), strict=False))


def _grams_of(text: str) -> Grams:
    return frozenset(_runs(words(normalise(text))))


_grams_of_example = lru_cache(16)(_grams_of)  # the same in every prompt of a template


STEP = Copies
