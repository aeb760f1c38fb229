"""What a run's distillation cost: the journal's bills by who was asked, and the training's time."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from pipeline.journal.schema import read_only
from pipeline.recipe.recipe import Recipe
from students.result import TrainResult

BILLS = """
SELECT CASE WHEN request IN (SELECT request FROM samples) THEN 'teacher'
            WHEN request IN (SELECT score FROM scorings) THEN 'rescorer' ELSE 'other' END AS who,
       count(cost_usd), total(coalesce(cost_usd, worst_usd))
FROM attempts GROUP BY who
"""
"""As the budget counts: what may have been paid and was never answered is there at its worst case."""


def spent_usd(journal: Path, recipe: Recipe) -> dict[str, float | None]:
    """Dollars of `teacher`, `judge` and `rescorer`; None where none of its answers has a price, 0 where none was asked.

    A request that an earlier form of the recipe asked is no longer declared: it counts as the judge's where there is
    one, else as the teacher's.
    """
    roles = ("teacher", "judge", "rescorer")
    if not journal.exists():
        return dict.fromkeys(roles)
    with closing(read_only(journal)) as connection:
        bills = {who: (priced, usd) for who, priced, usd in connection.execute(BILLS)}
    other = bills.pop("other", None)
    if other is not None:
        who = "judge" if _has_judge(recipe) else "teacher"
        before = bills.get(who, (0, 0.0))
        bills[who] = (before[0] + other[0], before[1] + other[1])
    return {who: 0.0 if who not in bills else (bills[who][1] if bills[who][0] else None) for who in roles}


def training_seconds(trained: TrainResult) -> float:
    """Returns what the training took: a resumed one's time is all its tokens at the last speed."""
    if trained.resumed_from is None or not trained.tokens_per_s:
        return trained.seconds
    return trained.tokens / trained.tokens_per_s


def distillation_usd(
    spent: Mapping[str, float | None], seconds: float | None, hourly_usd: float | None
) -> dict[str, float | None]:
    """The parts and their total, which is unknown where a part is."""
    training = None if seconds is None or hourly_usd is None else seconds / 3600 * hourly_usd
    parts = {**spent, "training": training}
    known = [usd for usd in parts.values() if usd is not None]
    return {**parts, "total": sum(known) if len(known) == len(parts) else None}


def _has_judge(recipe: Recipe) -> bool:
    by_steps = any(step.judge_model is not None for step in recipe.curate.steps)
    return by_steps or recipe.combine.judge is not None or recipe.evaluate.scorer.pair_judge is not None
