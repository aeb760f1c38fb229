"""A provider's rule for training on its output, read from terms.yaml."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from teachers.spec import Spec

TABLE = Path(__file__).with_suffix(".yaml")

Purpose = Literal["task", "research", "general"]
"""What a student is for. `task`: one task of the user's own; `research`: to be studied; `general`: a general
model, or one offered to others as a model."""


class Rule(BaseModel):
    """One row of the table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """What a recipe overrides it by."""
    provider: str
    models: list[str] = ["*"]
    at: Literal["own", "elsewhere", "anywhere"] = "anywhere"
    text: str
    """The rule in one sentence."""
    url: str
    read_on: object
    forbids: tuple[Purpose, ...] = ()

    @property
    def sentence(self) -> str:
        """What every reply carries."""
        return f"{self.text} ({self.url})"


def rule_of(spec: Spec) -> Rule | None:
    """The rule for this teacher's output; None where none is known, as for a server of the user's own."""
    place = "elsewhere" if spec.base_url else "own"
    for rule in rules():
        here = rule.provider == spec.provider and rule.at in ("anywhere", place)
        if here and any(fnmatchcase(spec.model, pattern) for pattern in rule.models):
            return rule
    return None


def terms_of(spec: Spec) -> str | None:
    """The rule's sentence, for `Identity.terms`."""
    rule = rule_of(spec)
    return None if rule is None else rule.sentence


@cache
def rules() -> tuple[Rule, ...]:
    """The rows of terms.yaml."""
    return tuple(Rule.model_validate(row) for row in yaml.safe_load(TABLE.read_text(encoding="utf-8")))
