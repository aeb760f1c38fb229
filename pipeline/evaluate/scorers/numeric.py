"""Numeric: the last number of the reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import Field

from pipeline.recipe.scorer import Score, Scorer, ScorerSettings
from prompts.errors import InputError
from prompts.numbers import last_number

_LONGEST_EXPONENT = 50
"""A number of more digits before or after its point is written with its exponent: 1e999999 would be a megabyte."""


class Numeric(ScorerSettings):
    """1 where the reply's last number is within `tolerance` of gold's last one."""

    name: Literal["numeric"] = "numeric"
    tolerance: float = Field(0, ge=0)
    """How far the number may be from gold's."""

    def scorer(self, labels: Sequence[str] | None) -> Scorer:
        """Needs nothing."""
        return NumericScorer(self.tolerance)


@dataclass(slots=True, frozen=True)
class NumericScorer(Scorer):
    """Right where the last number of the reply is within `tolerance` of gold's last one. No number is not valid."""

    tolerance: float = 0.0

    def normal(self, text: str) -> str:
        """Returns the number; empty where there is none."""
        number = last_number(text)
        if number is None:
            return ""
        if abs(number.adjusted()) >= _LONGEST_EXPONENT:
            return str(number)
        return f"{number.normalize():f}"  # 1.50 and 1.5 are one answer

    def score(self, text: str, gold: str) -> Score:
        """Gives 1 where the numbers are near enough."""
        mine, theirs = last_number(text), last_number(gold)
        if mine is None or theirs is None:
            return Score(0.0, valid=False)
        # In decimals: as floats 1.1 - 1.0 is more than a tolerance of 0.1.
        return Score(float(abs(mine - theirs) <= Decimal(str(self.tolerance))), valid=True)

    def check(self, golds: Sequence[str]) -> None:
        """Refuses a gold answer without a number."""
        for gold in golds:
            if last_number(gold) is None:
                raise InputError(f"the gold answer {gold!r:.80} holds no number", field="prompts.gold")


SCORER = Numeric
