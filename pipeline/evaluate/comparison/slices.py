"""The comparison once more for each value of a prompt's column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.evaluate.comparison.scores import pick
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import Score
from pipeline.run.evaluation import STUDENT, TEACHER
from pipeline.statistics.intervals import of_share

MOST_VALUES = 20
OTHER = "other"
"""What values beyond the commonest stand under."""


def slices(
    resampling: Resampling, scores: Mapping[str, Sequence[Score]], config: Evaluate, names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Field -> value -> its rows, everyone's score and the paired difference, the commonest values first."""
    if not scores:
        return {}
    return {field: _slices(field, resampling, scores, config, names) for field in config.slices}


def _slices(
    field: str, resampling: Resampling, scores: Mapping[str, Sequence[Score]], config: Evaluate, names: Sequence[str]
) -> dict[str, Any]:
    values = [row.fields.get(field, "") for row in resampling.rows]
    order = sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))
    shown = [value for value, _ in order[:MOST_VALUES]]
    places: dict[str, list[int]] = {value: [] for value in shown}
    for place, value in enumerate(values):
        places.setdefault(value if value in places else OTHER, []).append(place)
    return {value: _slice(found, resampling, scores, config, names) for value, found in places.items()}


def _slice(
    places: Sequence[int],
    resampling: Resampling,
    scores: Mapping[str, Sequence[Score]],
    config: Evaluate,
    names: Sequence[str],
) -> dict[str, Any]:
    part = Resampling(pick(resampling.rows, places), config)
    means = {name: part.mean([score.value for score in pick(scores[name], places)]) for name in names}
    found: dict[str, Any] = {"rows": len(places)}
    found |= {name: {"score": float(mean[0]), "ci95": of_share(mean, part.size)} for name, mean in means.items()}
    both = STUDENT in means and TEACHER in means
    return found | {"student_minus_teacher": part.difference(means[STUDENT], means[TEACHER]) if both else None}
