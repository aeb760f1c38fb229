"""Overlap with the gold answer, whatever measures it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from pipeline.recipe.scorer import Score, Scorer
from prompts.errors import InputError


class OverlapScorer(Scorer):
    """A measure from 0 to 1 of how much of gold's words or letters a text has. An empty text is not valid."""

    @abstractmethod
    def overlap(self, text: str, gold: str) -> float:
        """Measures a text that is not empty; MissingExtra without the extra `scores`."""

    def score(self, text: str, gold: str) -> Score:
        """Gives the overlap."""
        if not text.strip():
            return Score(0.0, valid=False)
        return Score(self.overlap(text, gold), valid=True)

    def check(self, golds: Sequence[str]) -> None:
        """Refuses an empty gold answer; MissingExtra without the extra `scores`."""
        self.overlap("a", "a")  # loads the library: better now than after everyone has answered
        if any(not gold.strip() for gold in golds):
            raise InputError("a held-out row has an empty gold answer", field="prompts.gold")
