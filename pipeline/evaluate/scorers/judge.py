"""Judge: a model says whether the reply beats the teacher's. evaluate/comparison/judged.py has the pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pipeline.recipe.scorer import PairJudge, Score, Scorer, ScorerSettings
from pipeline.recipe.teachers import TeacherEntry
from prompts.errors import InputError


class Judge(ScorerSettings):
    """1 where a model prefers the reply to the teacher's, 1/2 for a tie. No gold is needed."""

    name: Literal["judge"] = "judge"
    judge: TeacherEntry
    """The model that says which of two replies is better; paid from the run's budget, asked once."""
    rubric: str = "the most correct, complete and well written answer"
    """What it is asked to pick."""

    needs_gold: ClassVar[bool] = False

    def scorer(self, labels: Sequence[str] | None) -> Scorer:
        """Needs nothing; it is asked when the pairs are there."""
        return JudgeScorer()

    def comparable(self, labels: Sequence[str] | None) -> dict[str, Any]:
        """Returns who judges by what; how it is reached does not decide."""
        # A key, a price or a quota of the judge's changes no verdict.
        return {"judge": self.judge.spec, "rubric": self.rubric}

    @property
    def pair_judge(self) -> PairJudge:
        """The model and what it is asked to pick."""
        return PairJudge(self.judge, self.rubric)


class JudgeScorer(Scorer):
    """A model's opinion of pairs. It cannot score one text alone."""

    def score(self, text: str, gold: str) -> Score:
        """Raises InputError: a judge is asked about pairs."""
        raise InputError("the scorer 'judge' needs the teacher's replies", field="evaluate.scorer")


SCORER = Judge
