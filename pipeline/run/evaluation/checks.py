"""The records of what a reader should know before trusting the scores, and of what they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.run.evaluation.estimate import Closed, Estimate


@dataclass(slots=True, frozen=True)
class Leak(Closed):
    """Rows of which something was seen before."""

    count: int
    rows: int
    """Of how many."""
    ids: tuple[str, ...]
    """The first of them."""


@dataclass(slots=True, frozen=True)
class ScorerFailure(Closed):
    """An answer that the scorer could not score."""

    prompt_id: str
    contestant: str
    message: str


@dataclass(slots=True, frozen=True)
class JudgeReport(Closed):
    """The habits of a judge that scored."""

    calls: int
    failures: int
    changed: int
    """Pairs whose winner changed with its place."""
    first_position_wins: Estimate | None
    """The share of its clear verdicts for the first place: 1/2 for a judge that looks at the answers alone."""
    prefers: Literal["first", "second"] | None
    """The place it clearly prefers."""
    agreement_with_gold: Estimate | None
    """Over the pairs of which one reply equals gold."""


@dataclass(slots=True, frozen=True)
class Turn(Closed):
    """A message of a prompt."""

    role: str
    content: str


@dataclass(slots=True, frozen=True)
class ShownAnswer(Closed):
    """One contestant's answer, cut where it is long."""

    text: str
    outcome: str
    score: float | None


@dataclass(slots=True, frozen=True)
class Example(Closed):
    """A prompt with everyone's answer."""

    prompt_id: str
    gold: str | None
    prompt: tuple[Turn, ...]
    answers: Mapping[str, ShownAnswer]


@dataclass(slots=True, frozen=True)
class Regression(Example):
    """One on which the student scores less than its teacher."""

    lost: float
    """By so much."""
