"""Everyone's scores, and the rows that no mean may count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow
from pipeline.evaluate.comparison.judged import judge_all
from pipeline.evaluate.comparison.summary import score_answers
from pipeline.judge.pairwise import AskAll
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import Score
from pipeline.run.errors import RunError
from prompts.errors import InputError


@dataclass(slots=True, frozen=True)
class Scores:
    """Scores by contestant, each in the rows' order; none at all where there was nothing to score against."""

    scores: Mapping[str, Sequence[Score]]
    judge: Mapping[str, Any] | None = None
    """How the judge did, where one scored."""

    def failures(self, rows: Sequence[HeldoutRow]) -> list[dict[str, str]]:
        """What the scorer could not score: whose answer to which row, and what it said."""
        return [
            {"prompt_id": row.prompt_id, "contestant": name, "message": score.failed}
            for name, column in self.scores.items()
            for row, score in zip(rows, column, strict=True)
            if score.failed is not None
        ]

    def counted(self, rows: Sequence[HeldoutRow]) -> list[int]:
        """The rows on which nobody's score failed: a mean over others would not be over the same rows for all."""
        gone = {failure["prompt_id"] for failure in self.failures(rows)}
        return [index for index, row in enumerate(rows) if row.prompt_id not in gone]

    def only(self, places: Sequence[int]) -> Scores:
        """The scores of some rows."""
        return replace(self, scores={name: pick(column, places) for name, column in self.scores.items()})


def mark(
    rows: Sequence[HeldoutRow], contestants: Sequence[Contestant], config: Evaluate, ask: AskAll | None = None
) -> Scores:
    """Everyone's scores, by the recipe's scorer; `ask` puts questions to its judge.

    RunError where no row is left that all have a score on: that says something about the scorer.
    """
    judge = config.scorer.pair_judge
    if judge is not None:
        if ask is None:
            raise InputError("the scorer 'judge' needs a judge that can be asked", field="evaluate.scorer")
        marks = Scores(*judge_all(rows, contestants, judge.rubric, ask))
    elif all(row.gold is None for row in rows):
        return Scores({})
    else:
        scorer = config.to_scorer()
        marks = Scores({one.name: score_answers(rows, one.answers, scorer) for one in contestants})
    if rows and not marks.counted(rows):
        first = marks.failures(rows)[0]["message"]
        raise RunError(f"the scorer '{config.scorer.name}' failed on every one of {len(rows)} held-out rows: {first}")
    return marks


def pick(column: Sequence[Any], places: Sequence[int]) -> list[Any]:
    """The entries at some places."""
    return [column[place] for place in places]
