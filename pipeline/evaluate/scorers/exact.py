"""Exact: the same text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.recipe.scorer import Score, Scorer, ScorerSettings
from prompts.errors import InputError


class Exact(ScorerSettings):
    """1 where the reply equals gold but for Unicode form, case and white space."""

    name: Literal["exact"] = "exact"

    def scorer(self, labels: Sequence[str] | None) -> Scorer:
        """Needs nothing."""
        return ExactScorer()


@dataclass(slots=True, frozen=True)
class ExactScorer(Scorer):
    """Right where the normal forms of text and gold are equal. An empty text is not valid."""

    def score(self, text: str, gold: str) -> Score:
        """Gives 1 or 0."""
        mine = self.normal(text)
        if not mine:
            return Score(0.0, valid=False)
        return Score(float(mine == self.normal(gold)), valid=True)

    def check(self, golds: Sequence[str]) -> None:
        """Refuses an empty gold answer."""
        # No reply could be right: it would be empty, and an empty one is no answer.
        if any(not self.normal(gold) for gold in golds):
            raise InputError("a held-out row has an empty gold answer", field="prompts.gold")


SCORER = Exact
