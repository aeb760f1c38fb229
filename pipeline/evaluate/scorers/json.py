"""JSON: the share of fields that are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from pydantic import Field

from pipeline.recipe.scorer import Details, FieldMarks, Score, Scorer, ScorerSettings
from prompts.errors import InputError
from prompts.fences import first_block
from prompts.json_values import comparable

WHOLE = ""
"""The one field of a JSON value that is no object."""

_ABSENT = object()  # equals no JSON value, null included


class Json(ScorerSettings):
    """The share of the reply's JSON fields that are gold's; one too many counts as wrong."""

    name: Literal["json"] = "json"
    fields: list[str] = Field(default_factory=list)
    """The fields that are compared; none compares all that gold or the reply has."""

    def scorer(self, labels: Sequence[str] | None) -> Scorer:
        """Needs nothing."""
        return JsonScorer(tuple(self.fields))

    def comparable(self, labels: Sequence[str] | None) -> dict[str, Any]:
        """Returns the fields, in whatever order."""
        return {"fields": sorted(self.fields)}


@dataclass(slots=True, frozen=True)
class JsonScorer(Scorer):
    """The share of fields that are gold's: of those named, or of all that gold or the reply has.

    Texts are compared after normalisation, 1.0 is 1, and a field that one lacks is not the other's null. A reply that
    is not JSON is not valid. What is said around a fenced block of JSON is not read.
    """

    fields: tuple[str, ...] = ()

    def normal(self, text: str) -> str:
        """Returns the compared fields in one order; empty where the text is not JSON."""
        value = self._read(text)
        if value is None:
            return ""
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()

    def score(self, text: str, gold: str) -> Score:
        """Gives the share of fields that are right."""
        right = self.fields_right(text, gold)
        if right is None:
            return Score(0.0, valid=False)
        return Score(sum(right.values()) / len(right), valid=True)

    def fields_right(self, text: str, gold: str) -> dict[str, bool] | None:
        """Returns field -> whether it is gold's; None where the text is not JSON."""
        mine, theirs = self._read(text), self._read(gold)
        if mine is None or theirs is None:
            return None
        # A field that gold has not counts as wrong: else a reply of all the fields there are would score 1.
        names = self.fields or tuple({**theirs, **mine}) or (WHOLE,)
        return {name: mine.get(name, _ABSENT) == theirs.get(name, _ABSENT) for name in names}

    def check(self, golds: Sequence[str]) -> None:
        """Refuses a gold answer that is not JSON."""
        for gold in golds:
            if self._read(gold) is None:
                problem = f"the gold answer {gold!r:.80} is not JSON"
                raise InputError(problem, field="prompts.gold", remedy='For example {"name": "Ada", "year": 1843}')

    def details(self, texts: Sequence[str], golds: Sequence[str]) -> Details:
        """Returns which of gold's fields each answer has right; one that is not JSON has none right."""
        gold_N, right_N = [], []
        # Gold against itself has its own fields, and only those: a field of the reply's alone has no share to be right.
        for text, gold in zip(texts, golds, strict=True):
            names = frozenset(self.fields_right(gold, gold) or ())
            right = self.fields_right(text, gold) or {}
            gold_N.append(names)
            right_N.append(frozenset(name for name in names if right.get(name)))
        return Details(fields=FieldMarks(tuple(gold_N), tuple(right_N)))

    def _read(self, text: str) -> Mapping[str, Any] | None:
        """Returns the fields that are compared; None where the text is not JSON."""
        try:
            value = comparable(orjson.loads(first_block(text)))
            orjson.dumps(value)  # a surrogate alone can be read and not be written
        except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
            return None
        if not isinstance(value, dict):
            value = {WHOLE: value}
        if not self.fields:
            return value
        return {name: value[name] for name in self.fields if name in value}


SCORER = Json
