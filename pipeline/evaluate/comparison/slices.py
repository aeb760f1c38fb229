"""The comparison once more for each value of a prompt's column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipeline.evaluate.comparison.rows import ComparedRows
from pipeline.evaluate.comparison.scores import pick
from pipeline.run.evaluation import STUDENT, TEACHER
from pipeline.run.evaluation.contestants import Slice
from pipeline.run.evaluation.estimate import Estimate

MOST_VALUES = 20
OTHER = "other"
"""What values beyond the commonest stand under."""


def slices(compared: ComparedRows, names: Sequence[str]) -> dict[str, dict[str, Slice]]:
    """Returns column -> value -> these contestants' scores, the commonest values first."""
    if not compared.scores.columns:
        return {}
    return {column: _slices(column, compared, names) for column in compared.config.slices}


def _slices(column: str, compared: ComparedRows, names: Sequence[str]) -> dict[str, Slice]:
    values = [row.fields.get(column, "") for row in compared.resampling.rows]
    # By name where two are equally common: the order must not depend on the rows'.
    commonest = sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))
    places: dict[str, list[int]] = {value: [] for value, _ in commonest[:MOST_VALUES]}
    for place, value in enumerate(values):
        if value in places:
            places[value].append(place)
        else:
            places.setdefault(OTHER, []).append(place)
    return {value: _slice(compared, rows_of_value, names) for value, rows_of_value in places.items()}


def _slice(compared: ComparedRows, places: Sequence[int], names: Sequence[str]) -> Slice:
    part = compared.resample(pick(compared.resampling.rows, places))
    means = {}
    scores: dict[str, Estimate] = {}
    for name in names:
        means[name] = part.mean(pick(compared.scores.values(name), places))
        estimate = part.share(means[name])
        assert estimate is not None  # a mean over at least one row
        scores[name] = estimate
    difference = None
    if STUDENT in means and TEACHER in means:
        difference = part.difference(means[STUDENT], means[TEACHER])
    return Slice(len(places), scores, difference)
