"""The place of `judge` among the scorers: it compares pairs of texts, which evaluate/comparison/judged.py has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.evaluate.scorers.base import Score
from prompts.errors import InputError
from prompts.text import normalise


@dataclass(slots=True, frozen=True)
class JudgeScorer:
    """A model's opinion. It cannot score one text alone."""

    def normal(self, text: str) -> str:
        """NFKC, case folded, runs of white space as one space."""
        return normalise(text)

    def score(self, text: str, gold: str) -> Score:
        """InputError: a judge is asked about pairs."""
        raise InputError("the scorer 'judge' needs the teacher's replies", field="evaluate.scorer")

    def check(self, golds: Sequence[str]) -> None:
        """No gold answer is needed."""
