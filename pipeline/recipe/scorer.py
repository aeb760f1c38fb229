"""The contract of a scorer: settings that a recipe can name, the rule they stand for, and what others ask of it.

Each scorer is one module of pipeline/evaluate/scorers/. What follows are the only questions that others ask of it.
Each has the answer that most scorers give, so that a scorer declares what is special about it and no more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.recipe.section import NamingSection
from pipeline.recipe.teachers import TeacherEntry
from prompts.errors import StillhouseError
from prompts.messages import Conversation
from prompts.text import normalise

LONGEST_FAILURE = 500
"""Characters of a failure's message: it stands in evaluation.json once for each row, and on the page."""


@dataclass(slots=True, frozen=True)
class Score:
    """0 (wrong) to 1 (right). An answer that is not valid is no answer in the scorer's terms, and scores 0."""

    value: float
    valid: bool
    failed: str | None = None
    """What went wrong where the scorer could not score. That says nothing of the answer: no mean may count it."""


def failed_score(error: Exception | str) -> Score:
    """Makes the score of an answer that the scorer could not score."""
    message = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return Score(0.0, valid=False, failed=" ".join(message.split())[:LONGEST_FAILURE])


@dataclass(slots=True, frozen=True)
class Item:
    """An answer to be scored, and what it answers."""

    prompt_id: str
    prompt: Conversation
    text: str
    gold: str


@dataclass(slots=True, frozen=True)
class LabelPlaces:
    """Many answers as places in a list of labels: what macro-F1 and the confusion matrix are made from."""

    labels: tuple[str, ...]
    gold_N: tuple[int, ...]
    said_N: tuple[int, ...]
    """An answer that is none of the labels has the place behind the last one."""


@dataclass(slots=True, frozen=True)
class FieldMarks:
    """Many answers by their fields."""

    gold_N: tuple[frozenset[str], ...]
    """The fields that gold has."""
    right_N: tuple[frozenset[str], ...]
    """Those of them that the answer has right."""


@dataclass(slots=True, frozen=True)
class Details:
    """All that a scorer can say of many answers beyond their scores; None where it does not."""

    labels: LabelPlaces | None = None
    fields: FieldMarks | None = None
    corpus_score: float | None = None
    """All the answers scored as one text, as papers give it, from 0 to 1."""


# A base class and no protocol: what most scorers answer stands here once, and a new question breaks none of them.
class Scorer(ABC):
    """A rule that makes a score of a text and a gold answer."""

    def normal(self, text: str) -> str:
        """Returns the text as it is compared. Equal answers have equal normal forms; what is no answer an empty one."""
        return normalise(text)

    @abstractmethod
    def score(self, text: str, gold: str) -> Score:
        """Scores one answer. May raise: `score_many` makes a failed score of that."""

    def score_many(self, items: Sequence[Item]) -> list[Score]:
        """Returns a score per item, in order. One that could not be had is a failed score, and the others go on."""
        return [self._survive(item) for item in items]

    def check(self, golds: Sequence[str]) -> None:
        """Raises InputError for a gold answer that no text can reach; MissingExtra for a part that is not installed.

        Called before anyone is asked anything.
        """
        return None

    def details(self, texts: Sequence[str], golds: Sequence[str]) -> Details:
        """Returns what the scorer can say of all these answers together."""
        return Details()

    def _survive(self, item: Item) -> Score:
        try:
            return self.score(item.text, item.gold)
        except StillhouseError:  # not about this answer: a missing extra, a judge that is not here
            raise
        except Exception as error:  # noqa: BLE001  # whatever a library raises on a text
            return failed_score(error)


@dataclass(slots=True, frozen=True)
class PairJudge:
    """A model that says which of two replies is better: it is paid from the run's budget."""

    entry: TeacherEntry
    rubric: str


class ScorerSettings(NamingSection, ABC):
    """A scorer as a recipe names it. The docstring of each says what it measures, that of each field what it means."""

    name: str
    """What a recipe calls it: the name of its module."""

    reads_labels: ClassVar[bool] = False
    """Takes `evaluate.labels` for the only answers there are."""
    needs_gold: ClassVar[bool] = True
    """Scores against a gold answer, so that a row without one is left out."""

    @abstractmethod
    def scorer(self, labels: Sequence[str] | None) -> Scorer:
        """Binds the scorer to its settings and to `evaluate.labels`.

        Heavy modules are imported here: reading a recipe loads none of them. InputError where they cannot be used.
        """

    def comparable(self, labels: Sequence[str] | None) -> dict[str, Any]:
        """Returns what the scores depend on, under the recipe's words: two runs that differ here cannot be compared.

        The order in which a recipe lists things, and where its files lie, must not show.
        """
        return self.model_dump(mode="json", exclude={"name"})

    @property
    def pair_judge(self) -> PairJudge | None:
        """The model that compares each reply with the teacher's, where the scorer is one."""
        return None
