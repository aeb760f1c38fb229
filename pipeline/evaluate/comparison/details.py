"""What one kind of scorer has to say beyond the score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.evaluate.answers.contestants import Answer
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.evaluate.comparison.summary import SCORED
from pipeline.evaluate.scorers import LabelScorer, Scorer
from pipeline.evaluate.scorers.overlap import OverlapScorer
from pipeline.evaluate.scorers.structured import JsonScorer
from pipeline.statistics.intervals import of_share
from pipeline.statistics.labels import Places, confusion, macro_f1


def details(resampling: Resampling, answers: Sequence[Answer], scorer: Scorer) -> dict[str, Any]:
    """Macro-F1 and the confusion matrix of labels; each JSON field's share of right ones; corpus BLEU and chrF."""
    match scorer:
        case LabelScorer():
            return _labels(resampling, answers, scorer)
        case JsonScorer():
            return _fields(resampling, answers, scorer)
        case OverlapScorer():
            golds = [row.gold or "" for row in resampling.rows]
            return {"corpus_score": scorer.corpus([_text(answer) for answer in answers], golds)}
    return {}


def _labels(resampling: Resampling, answers: Sequence[Answer], scorer: LabelScorer) -> dict[str, Any]:
    places = {scorer.normal(label): place for place, label in enumerate(scorer.labels)}
    none = len(places)
    gold_N = np.array([places[scorer.normal(row.gold or "")] for row in resampling.rows])
    said_N: Places = np.array([places.get(scorer.normal(_text(answer)), none) for answer in answers])
    replicates = resampling.bootstrap.replicate(lambda weights: macro_f1(weights, gold_N, said_N, none))
    value = macro_f1(np.ones((1, len(gold_N))), gold_N, said_N, none)
    counts = confusion(gold_N, said_N, none).tolist()
    matrix = {"labels": list(scorer.labels), "counts": counts}
    return resampling.share("macro_f1", np.append(value, replicates)) | {"confusion": matrix}


def _fields(resampling: Resampling, answers: Sequence[Answer], scorer: JsonScorer) -> dict[str, Any]:
    """Of a field that gold has: how often the answer has it right, the interval, and the rows whose gold has it.

    An answer that is not JSON has none right.
    """
    golds = [scorer.fields_right(row.gold or "", row.gold or "") or {} for row in resampling.rows]
    pairs = zip(resampling.rows, answers, strict=True)
    found = [scorer.fields_right(_text(answer), row.gold or "") or {} for row, answer in pairs]
    estimates, counts = {}, {}
    for name in sorted({name for gold in golds for name in gold}):
        have_N = np.array([name in gold for gold in golds])
        right = np.array([float(bool(one.get(name))) for one, gold in zip(found, golds, strict=True) if name in gold])
        estimates[name], counts[name] = resampling.mean_of(have_N, right), len(right)
    return {
        "field_scores": {name: float(estimate[0]) for name, estimate in estimates.items()},
        "field_scores_ci95": {name: of_share(estimate, resampling.size) for name, estimate in estimates.items()},
        "field_scores_n": counts,
    }


def _text(answer: Answer) -> str:
    return answer.text if answer.outcome in SCORED else ""
