"""Whole answers: the same text, or the same label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.evaluate.scorers.base import Score
from prompts.errors import InputError
from prompts.text import bare_label, normalise


@dataclass(slots=True, frozen=True)
class ExactScorer:
    """Right where text and gold are equal but for Unicode form, case and white space. Empty is not valid."""

    def normal(self, text: str) -> str:
        """NFKC, case folded, runs of white space as one space."""
        return normalise(text)

    def score(self, text: str, gold: str) -> Score:
        """1 where the normal forms are equal."""
        mine = self.normal(text)
        return Score(float(bool(mine) and mine == self.normal(gold)), bool(mine))

    def check(self, golds: Sequence[str]) -> None:
        """InputError for an empty gold answer."""
        if any(not self.normal(gold) for gold in golds):
            raise InputError("a held-out row has an empty gold answer", field="prompts.gold")


@dataclass(slots=True, frozen=True)
class LabelScorer:
    """Right where the reply's first line that is not blank is the gold label, case and outer punctuation aside.

    The line must be one of the labels and nothing else: a sentence that mentions one is not valid. Lines after
    it are ignored: an untrained base often gives the label and then does not stop, and counting that as
    wrong would credit the student with mere brevity.
    """

    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        forms = {self.normal(label) for label in self.labels}
        if "" in forms or len(forms) < max(2, len(self.labels)):
            raise InputError(
                f"{list(self.labels)} are not two or more labels that differ beyond case and outer punctuation",
                field="evaluate.labels",
            )

    def normal(self, text: str) -> str:
        """The first line that is not blank, as `bare_label` has it: the form that curation compares, too."""
        lines = (line for line in text.splitlines() if line.strip())
        return bare_label(next(lines, ""))

    def score(self, text: str, gold: str) -> Score:
        """1 where the label is gold's; not valid where it is no label."""
        mine = self.normal(text)
        valid = any(mine == self.normal(label) for label in self.labels)
        return Score(float(valid and mine == self.normal(gold)), valid)

    def check(self, golds: Sequence[str]) -> None:
        """InputError for a gold answer that is none of the labels."""
        known = {self.normal(label) for label in self.labels}
        for gold in golds:
            if self.normal(gold) not in known:
                raise InputError(
                    f"the gold answer {gold!r:.80} is none of {list(self.labels)}",
                    field="evaluate.labels",
                    remedy="List every label as prompts.gold has it",
                )
