"""What a scorer is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from prompts.errors import StillhouseError
from prompts.messages import Conversation


@dataclass(slots=True, frozen=True)
class Score:
    """0 (wrong) to 1 (right). An answer that is not valid is no answer in the scorer's terms, and scores 0."""

    value: float
    valid: bool
    failed: str | None = None
    """What the scorer said where it could not score. That says nothing of the answer: no mean may count it."""


@dataclass(slots=True, frozen=True)
class Item:
    """An answer to be scored, and what it answers."""

    prompt_id: str
    prompt: Conversation
    text: str
    gold: str


class Scorer(Protocol):
    """A rule that makes a score of a text and a gold answer."""

    def normal(self, text: str) -> str:
        """The text as it is compared; equal answers have equal normal forms."""

    def score(self, text: str, gold: str) -> Score:
        """One answer's score. May raise: `score_items` makes a failed score of that."""

    def check(self, golds: Sequence[str]) -> None:
        """InputError where a gold answer can be reached by no text, or a part that the scorer needs is missing."""


@runtime_checkable
class Many(Protocol):
    """A scorer that is better asked about many answers at once."""

    def score_many(self, items: Sequence[Item]) -> list[Score]:
        """A score per item, in order."""


def score_items(scorer: Scorer, items: Sequence[Item]) -> list[Score]:
    """A score per item, in order; one that could not be had is a failed score, and never ends the others."""
    if isinstance(scorer, Many):
        return scorer.score_many(items)
    return [_score(scorer, item) for item in items]


def _score(scorer: Scorer, item: Item) -> Score:
    try:
        return scorer.score(item.text, item.gold)
    except StillhouseError:  # not about this answer: a missing extra, a judge that is not here
        raise
    except Exception as error:  # noqa: BLE001  # whatever a library raises on a text
        return failed(error)


def failed(error: Exception | str) -> Score:
    """The score of an answer that the scorer could not score."""
    says = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return Score(0.0, valid=False, failed=" ".join(says.split())[:500])
