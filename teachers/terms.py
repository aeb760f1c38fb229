"""The rule for training on a teacher's output, read from terms.yaml."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from teachers.spec import Spec
from teachers.tables import load_table

TABLE = Path(__file__).with_suffix(".yaml")

Purpose = Literal["task", "research", "general"]
"""A student's purpose, in the distinction that providers' terms make."""

PURPOSES: dict[Purpose, str] = {
    "task": "one task of your own, done by yourselves; the model is not given or sold to others",
    "research": "to be studied; neither put to work nor offered",
    "general": "anything wider: a general assistant, or a model that others get or pay for",
}


class Match(BaseModel):
    """Teachers that a rule applies to: those that all three allow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    providers: tuple[str, ...] = ()
    """Adapters of ours; none: any."""
    hosts: tuple[str, ...] = ("*",)
    """Patterns of the base URL's host; `own`: the provider's endpoint, where no base URL is given."""
    models: tuple[str, ...] = ("*",)
    """Patterns of the lower-cased model name: of its last path component, unless they hold a slash themselves."""

    def includes(self, spec: Spec) -> bool:
        """Tells whether this teacher is one of them."""
        if self.providers and spec.provider not in self.providers:
            return False
        host = "own"
        if spec.base_url:
            host = urlsplit(spec.base_url).hostname or ""
        return _fits(host, self.hosts) and self._names(spec.model.lower().rstrip("/"))

    def _names(self, model: str) -> bool:
        last = model.rsplit("/", 1)[-1]
        for pattern in self.models:
            name = model if "/" in pattern else last
            if fnmatchcase(name, pattern):
                return True
        return False


class Rule(BaseModel):
    """One row of the table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """The name by which a recipe overrides it."""
    applies: tuple[Match, ...]
    """Whose output it is about: any of these."""
    text: str
    """The rule in one sentence, without its full stop."""
    url: str
    """The page that binds the user."""
    edition: str | date | None = None
    """The date or section that page gives itself."""
    read_at: str | None = None
    """Where its text was read, if not there."""
    read_on: date | None = None
    """The day it was read; None: nobody of us has."""
    forbids: tuple[Purpose, ...] = ()
    """Purposes that the rule does not allow, or may not where it was not read."""
    notice: str | None = None
    """A sentence that a student's model card must hold."""

    @property
    def sentence(self) -> str:
        """The rule as every reply carries it: its text, its page and edition, and whether it was read."""
        source = self.url
        if self.edition:
            source = f"{source}, {self.edition}"
        if not self.read_on:
            source = f"{source}; not read by us"
        return f"{self.text} ({source})"


def rule_of(spec: Spec) -> Rule | None:
    """Returns the rule for this teacher's output.

    None where none is known: the licence of the user's own model decides.
    """
    # The first that matches: a licence that goes with a model's name stands before its host's terms.
    for rule in rules():
        if any(match.includes(spec) for match in rule.applies):
            return rule
    return None


def terms_of(spec: Spec) -> str | None:
    """Returns the rule's sentence, for `Identity.terms`."""
    rule = rule_of(spec)
    if rule is None:
        return None
    return rule.sentence


def rules_in(terms: str) -> tuple[Rule, ...]:
    """Returns the rules whose sentences a recorded `Identity.terms` holds."""
    return tuple(rule for rule in rules() if rule.sentence in terms)


@cache
def rules() -> tuple[Rule, ...]:
    """Returns the rows of terms.yaml."""
    return tuple(Rule.model_validate(row) for row in load_table(TABLE))


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
