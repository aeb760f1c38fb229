"""What a scorer has to say beyond the score, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.evaluate.answers.contestants import Answer
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.evaluate.comparison.summary import SCORED
from pipeline.recipe.scorer import FieldMarks, LabelPlaces, Scorer
from pipeline.statistics.intervals import of_share
from pipeline.statistics.labels import confusion, macro_f1


def details(resampling: Resampling, answers: Sequence[Answer], scorer: Scorer) -> dict[str, Any]:
    """Macro-F1 and the confusion matrix of labels; each JSON field's share of right ones; corpus BLEU and chrF."""
    golds = [row.gold or "" for row in resampling.rows]
    more = scorer.details([_text(answer) for answer in answers], golds)
    measured: dict[str, Any] = {}
    if more.labels is not None:
        measured |= _labels(resampling, more.labels)
    if more.fields is not None:
        measured |= _fields(resampling, more.fields)
    if more.corpus_score is not None:
        measured["corpus_score"] = more.corpus_score
    return measured


def _labels(resampling: Resampling, places: LabelPlaces) -> dict[str, Any]:
    none = len(places.labels)
    gold_N, said_N = np.array(places.gold_N), np.array(places.said_N)
    replicates = resampling.bootstrap.replicate(lambda weights: macro_f1(weights, gold_N, said_N, none))
    value = macro_f1(np.ones((1, len(gold_N))), gold_N, said_N, none)
    counts = confusion(gold_N, said_N, none).tolist()
    matrix = {"labels": list(places.labels), "counts": counts}
    return resampling.share("macro_f1", np.append(value, replicates)) | {"confusion": matrix}


def _fields(resampling: Resampling, marks: FieldMarks) -> dict[str, Any]:
    """Of a field that gold has: how often the answer has it right, the interval, and the rows whose gold has it."""
    estimates, counts = {}, {}
    for name in sorted(frozenset().union(*marks.gold_N)):
        have_N = np.array([name in names for names in marks.gold_N])
        pairs = zip(marks.gold_N, marks.right_N, strict=True)
        right = np.array([float(name in right) for names, right in pairs if name in names])
        estimates[name], counts[name] = resampling.mean_of(have_N, right), len(right)
    return {
        "field_scores": {name: float(estimate[0]) for name, estimate in estimates.items()},
        "field_scores_ci95": {name: of_share(estimate, resampling.size) for name, estimate in estimates.items()},
        "field_scores_n": counts,
    }


def _text(answer: Answer) -> str:
    return answer.text if answer.outcome in SCORED else ""
