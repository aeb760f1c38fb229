"""Label: the same label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from pipeline.recipe.scorer import Details, LabelPlaces, Score, Scorer, ScorerSettings
from prompts.errors import InputError
from prompts.labels import Labels, bare_label, first_line


class Label(ScorerSettings):
    """1 where the reply's first line is the gold label and nothing else; the labels are those of `evaluate.labels`."""

    name: Literal["label"] = "label"

    reads_labels: ClassVar[bool] = True

    def scorer(self, labels: Sequence[str] | None) -> Scorer:
        """Needs labels that an answer can tell apart."""
        if labels is None:
            problem = "the scorer 'label' needs labels"
            raise InputError(problem, field="evaluate.labels", remedy="For example [spam, ham]")
        return LabelScorer(tuple(labels))

    def comparable(self, labels: Sequence[str] | None) -> dict[str, Any]:
        """Returns the labels, in whatever order."""
        return {"labels": sorted(labels or ())}


@dataclass(frozen=True)  # no slots: the reader is made once, and kept in the instance
class LabelScorer(Scorer):
    """Right where the reply's first line that is not blank is the gold label, case and outer punctuation aside.

    The line must be one of the labels and nothing else: a sentence that mentions one is not valid. Lines after
    it are ignored: an untrained base often gives the label and then does not stop, and counting that as
    wrong would credit the student with mere brevity.
    """

    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        # With one label everyone is right, and labels that differ in case alone cannot be told apart in a reply.
        if len(self.labels) < 2 or not self._reader.differ:
            raise InputError(
                f"{list(self.labels)} are not two or more labels that differ beyond case and outer punctuation",
                field="evaluate.labels",
            )

    @cached_property
    def _reader(self) -> Labels:
        return Labels(self.labels)

    def normal(self, text: str) -> str:
        """Returns the first line that is not blank, as a bare label: the form that curation compares, too."""
        return bare_label(first_line(text))

    def score(self, text: str, gold: str) -> Score:
        """Gives 1 where the label is gold's; a text that is no label is not valid."""
        mine = self._reader.read_first_line(text)
        if mine is None:
            return Score(0.0, valid=False)
        return Score(float(mine == self._reader.read_first_line(gold)), valid=True)

    def check(self, golds: Sequence[str]) -> None:
        """Refuses a gold answer that is none of the labels."""
        for gold in golds:
            if self._reader.read_first_line(gold) is None:
                raise InputError(
                    f"the gold answer {gold!r:.80} is none of {list(self.labels)}",
                    field="evaluate.labels",
                    remedy="List every label as prompts.gold has it",
                )

    def details(self, texts: Sequence[str], golds: Sequence[str]) -> Details:
        """Returns which label each answer is, and which its gold."""
        places = LabelPlaces(self.labels, self._places(golds), self._places(texts))
        return Details(labels=places)

    def _places(self, texts: Sequence[str]) -> tuple[int, ...]:
        place_of = {label: place for place, label in enumerate(self.labels)}
        places = []
        for text in texts:
            label = self._reader.read_first_line(text)
            places.append(len(self.labels) if label is None else place_of[label])
        return tuple(places)


SCORER = Label
