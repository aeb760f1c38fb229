"""What a curation step works on and what it says: samples, and a verdict on each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from prompts.messages import Conversation

if TYPE_CHECKING:  # a recipe is read without either
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

Side = Literal["train", "heldout"]


class TokenLogprobs(Protocol):
    """A reply's tokens, which are read when they are asked for: those of all rows would not fit in memory."""

    def array(self) -> pa.StructArray:
        """Returns all of them, as Arrow has them; empty where the reply has no logprobs."""

    def first(self) -> list[dict[str, Any]]:
        """Returns the first token with its alternatives; an empty list where there is none."""

    def logprobs(self) -> NDArray[np.float32]:
        """Returns the sampled tokens' logprobs, in nats."""


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
    tokens: TokenLogprobs
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
    """What the reason leaves open, in the words of who gave it: reasons are counted, so they are few."""


NOT_CHOSEN = "not_chosen"
"""The reason by which a step drops a reply for the sake of another one to the same prompt."""

Verdict = Keep | Drop

Rule = Callable[[Sequence[Sample]], Sequence[Verdict]]
"""A step bound to its settings: a verdict a sample, in the same order. Pure: no clock, no chance, no state."""

OnProgress = Callable[[int], None]
"""Hears how many samples a step is done with, while it works; what it does with that is no matter to the verdicts."""


@dataclass(slots=True, frozen=True)
class Each:
    """A rule that looks at one sample at a time: a part of the samples gets the verdicts that it gets among all."""

    verdict_of: Callable[[Sample], Verdict]

    def __call__(self, samples: Sequence[Sample]) -> list[Verdict]:
        """Returns one verdict each, in the same order."""
        return [self.verdict_of(sample) for sample in samples]


def each(verdict_of: Callable[[Sample], Verdict]) -> Rule:
    """Makes a rule of a function that looks at one sample at a time."""
    return Each(verdict_of)
