"""Everyone's scores, and the rows that no mean may count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow
from pipeline.evaluate.comparison.judged import judge_all
from pipeline.evaluate.comparison.summary import score_answers
from pipeline.judge.pairwise import AskAll
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import Score
from pipeline.run.errors import RunError
from pipeline.run.evaluation.checks import JudgeReport, ScorerFailure
from prompts.errors import InputError

T = TypeVar("T")


@dataclass(slots=True, frozen=True)
class Scores:
    """Everyone's scores; none at all where there was nothing to score against."""

    columns: Mapping[str, Sequence[Score]]
    """By contestant, each in the rows' order."""
    judge: JudgeReport | None = None
    """How the judge did, where one scored."""

    def failures(self, rows: Sequence[HeldoutRow]) -> tuple[ScorerFailure, ...]:
        """Returns what the scorer could not score: whose answer to which row, and what it said."""
        failures = []
        for name, column in self.columns.items():
            for row, score in zip(rows, column, strict=True):
                if score.failed is not None:
                    failures.append(ScorerFailure(row.prompt_id, name, score.failed))
        return tuple(failures)

    def counted(self, rows: Sequence[HeldoutRow]) -> list[int]:
        """Returns the rows on which nobody's score failed: other means would not be over the same rows for all."""
        failed = {failure.prompt_id for failure in self.failures(rows)}
        return [index for index, row in enumerate(rows) if row.prompt_id not in failed]

    def values(self, name: str) -> list[float]:
        """Returns a contestant's scores as numbers."""
        return [score.value for score in self.columns[name]]

    def only(self, places: Sequence[int]) -> Scores:
        """Returns the scores of some rows."""
        return replace(self, columns={name: pick(column, places) for name, column in self.columns.items()})


def score_everyone(
    rows: Sequence[HeldoutRow], contestants: Sequence[Contestant], config: Evaluate, ask: AskAll | None = None
) -> Scores:
    """Scores everyone's answers by the recipe's scorer; `ask` puts questions to its judge.

    RunError where no row is left that all have a score on: that says something about the scorer.
    """
    judge = config.scorer.pair_judge
    if judge is not None:
        if ask is None:
            raise InputError("the scorer 'judge' needs a judge that can be asked", field="evaluate.scorer")
        scores = Scores(*judge_all(rows, contestants, judge.rubric, ask))
    elif all(row.gold is None for row in rows):
        return Scores({})
    else:
        scorer = config.to_scorer()
        scores = Scores(
            {contestant.name: score_answers(rows, contestant.answers, scorer) for contestant in contestants}
        )
    if rows and not scores.counted(rows):
        first = scores.failures(rows)[0].message
        raise RunError(f"the scorer '{config.scorer.name}' failed on every one of {len(rows)} held-out rows: {first}")
    return scores


def pick(column: Sequence[T], places: Sequence[int]) -> list[T]:
    """Returns the entries at some places."""
    return [column[place] for place in places]
