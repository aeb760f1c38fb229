"""Whole answers: the same text, or the same label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.evaluate.scorers.base import Score
from prompts.errors import InputError
from prompts.labels import Labels, bare_label, first_line
from prompts.text import normalise


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
        if len(self.labels) < 2 or not Labels(self.labels).differ:
            raise InputError(
                f"{list(self.labels)} are not two or more labels that differ beyond case and outer punctuation",
                field="evaluate.labels",
            )

    def normal(self, text: str) -> str:
        """The first line that is not blank, as `bare_label` has it: the form that curation compares, too."""
        return bare_label(first_line(text))

    def score(self, text: str, gold: str) -> Score:
        """1 where the label is gold's; not valid where it is no label."""
        labels = Labels(self.labels)
        mine = labels.read_first_line(text)
        return Score(float(mine is not None and mine == labels.read_first_line(gold)), mine is not None)

    def check(self, golds: Sequence[str]) -> None:
        """InputError for a gold answer that is none of the labels."""
        labels = Labels(self.labels)
        for gold in golds:
            if labels.read_first_line(gold) is None:
                raise InputError(
                    f"the gold answer {gold!r:.80} is none of {list(self.labels)}",
                    field="evaluate.labels",
                    remedy="List every label as prompts.gold has it",
                )
