"""A scorer's findings beyond the score, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.evaluate.answers.contestants import Answer
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.evaluate.comparison.summary import SCORED
from pipeline.recipe.scorer import FieldMarks, LabelPlaces, Scorer
from pipeline.run.evaluation.contestants import Confusion
from pipeline.run.evaluation.estimate import Estimate
from pipeline.statistics.labels import confusion, macro_f1


@dataclass(slots=True, frozen=True)
class MeasuredDetails:
    """The fields of a summary that depend on the scorer."""

    macro_f1: Estimate | None = None
    confusion: Confusion | None = None
    field_scores: Mapping[str, Estimate] = field(default_factory=dict)
    corpus_score: Estimate | None = None


def measure_details(resampling: Resampling, answers: Sequence[Answer], scorer: Scorer) -> MeasuredDetails:
    """Measures macro-F1 and the confusion of labels; each JSON field's share of right ones; corpus BLEU and chrF."""
    golds = [row.gold or "" for row in resampling.rows]
    details = scorer.details([_text(answer) for answer in answers], golds)
    f1 = matrix = corpus_score = None
    fields: dict[str, Estimate] = {}
    if details.labels is not None:
        f1, matrix = _macro_f1(resampling, details.labels), _confusion(details.labels)
    if details.fields is not None:
        fields = _fields(resampling, details.fields)
    if details.corpus_score is not None:
        corpus_score = Estimate(details.corpus_score, None, len(golds))
    return MeasuredDetails(f1, matrix, fields, corpus_score)


def _macro_f1(resampling: Resampling, places: LabelPlaces) -> Estimate | None:
    none = len(places.labels)
    gold_N, said_N = np.array(places.gold_N), np.array(places.said_N)
    replicates = resampling.bootstrap.replicate(lambda weights: macro_f1(weights, gold_N, said_N, none))
    value = macro_f1(np.ones((1, len(gold_N))), gold_N, said_N, none)
    return resampling.share(np.append(value, replicates))


def _confusion(places: LabelPlaces) -> Confusion:
    counts = confusion(np.array(places.gold_N), np.array(places.said_N), len(places.labels)).tolist()
    return Confusion(places.labels, tuple(tuple(row) for row in counts))


def _fields(resampling: Resampling, marks: FieldMarks) -> dict[str, Estimate]:
    """Estimates how often each field that gold has is right, over the rows whose gold has it."""
    estimates = {}
    for name in sorted(frozenset().union(*marks.gold_N)):
        have_N = np.array([name in names for names in marks.gold_N])
        right_N = np.array([name in names for names in marks.right_N], dtype=np.float64)
        estimate = resampling.share(resampling.mean_of(have_N, right_N[have_N]), int(have_N.sum()))
        assert estimate is not None  # at least one gold has the field
        estimates[name] = estimate
    return estimates


def _text(answer: Answer) -> str:
    if answer.outcome in SCORED:
        return answer.text
    return ""
