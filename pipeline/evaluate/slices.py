"""The comparison once more for each value of a prompt's column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.evaluate.basis import Basis
from pipeline.evaluate.config import Evaluate
from pipeline.evaluate.contestants import STUDENT, TEACHER
from pipeline.evaluate.marks import pick
from pipeline.evaluate.scorers import Score
from pipeline.evaluate.statistics.intervals import of_share

MOST_VALUES = 20
OTHER = "other"
"""What values beyond the commonest stand under."""


def slices(
    basis: Basis, scores: Mapping[str, Sequence[Score]], config: Evaluate, names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Field -> value -> its rows, everyone's score and the paired difference, the commonest values first."""
    if not scores:
        return {}
    return {field: _slices(field, basis, scores, config, names) for field in config.slices}


def _slices(
    field: str, basis: Basis, scores: Mapping[str, Sequence[Score]], config: Evaluate, names: Sequence[str]
) -> dict[str, Any]:
    values = [row.fields.get(field, "") for row in basis.rows]
    order = sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))
    shown = [value for value, _ in order[:MOST_VALUES]]
    places: dict[str, list[int]] = {value: [] for value in shown}
    for place, value in enumerate(values):
        places.setdefault(value if value in places else OTHER, []).append(place)
    return {value: _slice(found, basis, scores, config, names) for value, found in places.items()}


def _slice(
    places: Sequence[int],
    basis: Basis,
    scores: Mapping[str, Sequence[Score]],
    config: Evaluate,
    names: Sequence[str],
) -> dict[str, Any]:
    part = Basis(pick(basis.rows, places), config)
    means = {name: part.mean([score.value for score in pick(scores[name], places)]) for name in names}
    found: dict[str, Any] = {"rows": len(places)}
    found |= {name: {"score": float(mean[0]), "ci95": of_share(mean, part.size)} for name, mean in means.items()}
    both = STUDENT in means and TEACHER in means
    return found | {"student_minus_teacher": part.difference(means[STUDENT], means[TEACHER]) if both else None}
