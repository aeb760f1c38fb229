"""What a curation step is: settings that a recipe can name, the rule they stand for, and what others ask of it.

Each step is one module of pipeline/curate/steps/. What follows are the only questions that the rest of the pipeline
asks of a step; each has the answer that most steps give, so that a step declares what is special about it and no more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pipeline.recipe.section import NamingSection
from pipeline.recipe.teachers import Combine, TeacherEntry
from pipeline.recipe.verdict import OnProgress, Rule, Sample
from prompts.messages import Conversation


@dataclass(slots=True, frozen=True)
class JudgeModel:
    """A model that a step asks: it is paid from the run's budget, and its terms count."""

    entry: TeacherEntry
    schema: dict[str, Any] | None = None
    """The JSON schema that it must answer by where it can be held to one; None for text."""


@dataclass(slots=True, frozen=True)
class Opinion:
    """What a judge said of one reply."""

    rubric: str
    score: float
    """0 to 1."""
    reason: str


Ask = Callable[[JudgeModel, Sequence[Conversation]], Mapping[Conversation, str | None]]
"""Puts questions to a judge: each question's answer, None where it gave none."""


def ask_nobody(judge: JudgeModel, questions: Sequence[Conversation]) -> Mapping[Conversation, str | None]:
    """Answers no question: no judge is at hand."""
    return dict.fromkeys(questions)


def _hear_nothing(done: int) -> None:
    return None


@dataclass(slots=True, frozen=True)
class Tools:
    """What a rule may use beyond its settings."""

    ask: Ask = ask_nobody
    on_progress: OnProgress = _hear_nothing


Rewrite = Callable[[Sample], Sample | None]
"""Brings any sample into the form of those that a step keeps; None where the text may not stay in any form."""


class Step(NamingSection, ABC):
    """One step of curation. The docstring of each says what it does, and that of each field what it means."""

    step: str
    """What a recipe calls it: the name of its module."""

    reads_reply_alone: ClassVar[bool] = False
    """Looks at a reply's text and outcome and at nothing else, so that it can run while replies come in."""
    runs_code: ClassVar[bool] = False
    """Runs code of the user's, which is among `files`."""
    worse: ClassVar[Mapping[str, bool]] = {}
    """The reasons for a drop that say of a reply that it is worse than a kept one to the same prompt. True: they say so
    of the reply itself, also where the prompt kept none."""
    obeys_people: ClassVar[bool] = True
    """Keeps what a person called right. False where that an answer is right does not make it fit to train on."""
    rewrites_people: ClassVar[bool] = False
    """May change even what a person wrote."""
    limit: ClassVar[str | None] = None
    """What the dataset's card says of what the step cannot do."""
    limit_without: ClassVar[str | None] = None
    """What the card says where the recipe lacks the step."""

    @abstractmethod
    def rule(self, tools: Tools) -> Rule:
        """Binds the step to its settings. Heavy modules are imported here: reading a recipe loads none of them.

        InputError where what the settings name cannot be used.
        """

    @property
    def embedding_model(self) -> str | None:
        """The model that embeds texts, where one does; a change of it curates again."""
        return None

    @property
    def judge_model(self) -> JudgeModel | None:
        """The model that is asked, where one is."""
        return None

    def opinion(self, sample: Sample, ask: Ask) -> Opinion | None:
        """Returns what the step's judge said of a sample; None where it has none or `ask` has no answer."""
        return None

    @property
    def rewrites(self) -> bool:
        """May keep a sample with another completion than it came with."""
        return False

    def rewriter(self) -> Rewrite:
        """Returns what brings a sample that left earlier into the form of those that stayed.

        A rejected reply is compared with a kept one: the two must differ in what they say alone.
        """
        return lambda sample: sample

    def is_worse(self, reason: str, rejected: Sample, chosen: Sample | None) -> bool:
        """Says whether a drop makes the reply worse than the chosen one, or worse by itself where there is none."""
        if chosen is None:
            return self.worse.get(reason, False)
        return reason in self.worse

    @classmethod
    def picking(cls, combine: Combine) -> Self | None:
        """Returns the step by which `combine` picks one of several teachers' replies, where this is its kind."""
        return None

    def keeping_all(self) -> Step | None:
        """Returns the step without its choice of the surest rows; None where it does nothing else."""
        return self

    @property
    def labels_known(self) -> Sequence[str]:
        """The only completions that it keeps, where it knows them."""
        return ()

    @property
    def reply_languages(self) -> Sequence[str]:
        """The codes of the languages that it keeps, where it asks for some."""
        return ()
