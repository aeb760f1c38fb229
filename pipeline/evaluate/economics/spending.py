"""Adds up what a run's distillation cost: the journal's bills by who was asked, and the training's time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.journal.schema import reading
from pipeline.recipe.recipe import Recipe
from pipeline.run.evaluation.costs import Distillation
from students.result import TrainResult

BILLS = """
SELECT CASE WHEN request IN (SELECT request FROM samples) THEN 'teacher'
            WHEN request IN (SELECT score FROM scorings) THEN 'rescorer' ELSE 'other' END AS who,
       count(cost_usd), total(coalesce(cost_usd, worst_usd))
FROM attempts GROUP BY who
"""
"""As the budget counts: what may have been paid and was never answered is there at its worst case."""


@dataclass(slots=True, frozen=True)
class Spent:
    """Dollars by who was asked; None where none of its answers has a price, 0 where none was asked."""

    teacher: float | None = None
    judge: float | None = None
    rescorer: float | None = None


@dataclass(slots=True, frozen=True)
class _Bill:
    priced: int = 0
    """Attempts whose price is known."""
    usd: float = 0.0
    asked: bool = False

    def plus(self, other: _Bill) -> _Bill:
        return _Bill(self.priced + other.priced, self.usd + other.usd, asked=True)

    @property
    def known_usd(self) -> float | None:
        """The sum, unless attempts were made and nobody knows what one of them cost."""
        if self.asked and not self.priced:
            return None
        return self.usd


def spent_usd(journal: Path, recipe: Recipe) -> Spent:
    """Reads the bills.

    A request that an earlier form of the recipe asked is no longer declared: it counts as the judge's where there is
    one, else as the teacher's.
    """
    if not journal.exists():
        return Spent()
    bills: dict[str, _Bill] = {}
    with reading(journal) as connection:
        for who, priced, usd in connection.execute(BILLS):
            bills[who] = _Bill(priced, usd, asked=True)
    other = bills.pop("other", None)
    if other is not None:
        heir = "judge" if _has_judge(recipe) else "teacher"
        bills[heir] = bills.get(heir, _Bill()).plus(other)
    none = _Bill()
    return Spent(
        teacher=bills.get("teacher", none).known_usd,
        judge=bills.get("judge", none).known_usd,
        rescorer=bills.get("rescorer", none).known_usd,
    )


def training_seconds(trained: TrainResult) -> float:
    """Returns what the training took: a resumed one's time is all its tokens at the last speed."""
    if trained.resumed_from is None or not trained.tokens_per_s:
        return trained.seconds
    return trained.tokens / trained.tokens_per_s


def add_up(spent: Spent, seconds: float | None, hourly_usd: float | None) -> Distillation:
    """Returns the parts and their total, which is unknown where a part is."""
    training = total = None
    if seconds is not None and hourly_usd is not None:
        training = seconds / 3600 * hourly_usd
    parts = (spent.teacher, spent.judge, spent.rescorer, training)
    known = [usd for usd in parts if usd is not None]
    if len(known) == len(parts):
        total = sum(known)
    return Distillation(spent.teacher, spent.judge, spent.rescorer, training, total)


def _has_judge(recipe: Recipe) -> bool:
    if recipe.combine.judge is not None or recipe.evaluate.scorer.pair_judge is not None:
        return True
    return any(step.judge_model is not None for step in recipe.curate.steps)
