"""Answers with a structure: JSON by its fields, numbers by their value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from pipeline.evaluate.scorers.base import Score
from prompts.errors import InputError
from prompts.fences import first_block
from prompts.json_values import comparable
from prompts.numbers import last_number

WHOLE = ""
"""The one field of a JSON value that is no object."""


@dataclass(slots=True, frozen=True)
class JsonScorer:
    """The share of fields that are gold's: of those named, or of all that gold or the reply has.

    Texts are compared after normalisation, 1.0 is 1, and a field that one lacks is not the other's null. A reply that
    is not JSON, code fence aside, is not valid.
    """

    fields: tuple[str, ...] = ()

    def normal(self, text: str) -> str:
        """The compared fields in one order; empty where the text is not JSON."""
        value = self._read(text)
        return "" if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()

    def score(self, text: str, gold: str) -> Score:
        """The share of fields that are right."""
        right = self.fields_right(text, gold)
        return Score(0.0, valid=False) if right is None else Score(sum(right.values()) / len(right), valid=True)

    def fields_right(self, text: str, gold: str) -> dict[str, bool] | None:
        """Field -> whether it is gold's; None where the text is not JSON."""
        mine, theirs = self._read(text), self._read(gold)
        if mine is None or theirs is None:
            return None
        names = self.fields or tuple({**theirs, **mine}) or (WHOLE,)
        return {name: mine.get(name, ...) == theirs.get(name, ...) for name in names}

    def check(self, golds: Sequence[str]) -> None:
        """InputError for a gold answer that is not JSON."""
        for gold in golds:
            if self._read(gold) is None:
                problem = f"the gold answer {gold!r:.80} is not JSON"
                raise InputError(problem, field="prompts.gold", remedy='For example {"name": "Ada", "year": 1843}')

    def _read(self, text: str) -> Mapping[str, Any] | None:
        try:
            value = comparable(orjson.loads(first_block(text)))
            orjson.dumps(value)  # a surrogate alone can be read and not be written
        except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
            return None
        found = value if isinstance(value, dict) else {WHOLE: value}
        return {name: found[name] for name in self.fields if name in found} if self.fields else found


@dataclass(slots=True, frozen=True)
class NumericScorer:
    """Right where the last number of the reply is within `tolerance` of gold's last one. No number is not valid."""

    tolerance: float = 0.0

    def normal(self, text: str) -> str:
        """The number; empty where there is none."""
        number = last_number(text)
        return "" if number is None else f"{number.normalize():f}" if abs(number.adjusted()) < 50 else str(number)

    def score(self, text: str, gold: str) -> Score:
        """1 where the numbers are near enough."""
        mine, theirs = last_number(text), last_number(gold)
        if mine is None or theirs is None:
            return Score(0.0, valid=False)
        return Score(float(abs(mine - theirs) <= Decimal(str(self.tolerance))), valid=True)

    def check(self, golds: Sequence[str]) -> None:
        """InputError for a gold answer without a number."""
        for gold in golds:
            if last_number(gold) is None:
                raise InputError(f"the gold answer {gold!r:.80} holds no number", field="prompts.gold")
