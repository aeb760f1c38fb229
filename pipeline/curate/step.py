"""What a curation step is: a function from samples to verdicts, one each, in the same order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from prompts.messages import Conversation

if TYPE_CHECKING:
    from pipeline.curate.tokens import Tokens

Side = Literal["train", "heldout"]


@dataclass(slots=True, frozen=True)
class Reviewed:
    """What a person decided about a sample that may stay, and the first drop that this overrode."""

    kind: str
    """accept, edit, relabel, or prefer: it was chosen over another reply."""
    step: str | None = None
    reason: str | None = None


@dataclass(slots=True, frozen=True)
class Sample:
    """A prompt with one of its replies, as curation sees it. There is no gold here: no step can use it."""

    sample_id: str
    prompt_id: str
    teacher_messages: Conversation
    """What the teacher was asked, examples and all."""
    student_messages: Conversation
    """What the student will be asked."""
    reply: str
    """The teacher's own text; empty where the outcome is not ok."""
    outcome: str
    tokens: Tokens
    """Its token logprobs, read when asked for."""
    split: Side
    teacher: str
    """Who replied: provider:model[@base_url]."""
    completion: str
    """What the student will learn to answer: the reply, until a step rewrites it."""
    margin: float | None = None
    """How sure the last step that measured it was: its own unit, more is surer."""
    score: float | None = None
    """How good a judge found it, 0 to 1, where one was asked."""
    soft_labels: tuple[tuple[str, float], ...] = ()
    """What the student may learn instead of one answer: texts and their shares, which sum to 1."""
    reviewed: Reviewed | None = None
    """On the train side, what a person decided, where one did."""


@dataclass(slots=True, frozen=True)
class Keep:
    """The sample stays, perhaps rewritten."""

    sample: Sample


@dataclass(slots=True, frozen=True)
class Drop:
    """The sample leaves: why, and the score that decided where there was one."""

    reason: str
    score: float | None = None
    detail: str | None = None
    """What the reason leaves open, in the words of who said so: reasons are counted, so they are few."""


Verdict = Keep | Drop
Rule = Callable[[Sequence[Sample]], Sequence[Verdict]]
"""A step bound to its settings. Pure: no clock, no chance, no state between calls."""

OnProgress = Callable[[int], None]
"""Hears how many samples a step is done with, while it works; what it does with that is no matter to the verdicts."""


@dataclass(slots=True, frozen=True)
class Each:
    """A step that looks at one sample at a time: a part of the samples gets the verdicts that it gets among all."""

    rule: Callable[[Sample], Verdict]

    def __call__(self, samples: Sequence[Sample]) -> list[Verdict]:
        """One verdict each, in the same order."""
        return [self.rule(sample) for sample in samples]


def each(rule: Callable[[Sample], Verdict]) -> Rule:
    """A step that looks at one sample at a time."""
    return Each(rule)
