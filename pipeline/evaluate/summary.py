"""One contestant's numbers, apart from its comparison with the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline.evaluate.auc import Floats, auc, weighted_auc
from pipeline.evaluate.bootstrap import Bootstrap, ci95
from pipeline.evaluate.contestants import Answer, Contestant, Row
from pipeline.evaluate.scorers import Score, Scorer

SCORED = frozenset({"ok", "truncated"})
"""Outcomes whose text is scored. A cut answer may still begin with its label; a refusal is no answer."""


def score_answers(rows: Sequence[Row], answers: Sequence[Answer], scorer: Scorer) -> list[Score]:
    """A score per row; 0 and not valid where there was no answer."""
    return [
        scorer.score(answer.text, row.gold) if answer.outcome in SCORED else Score(0.0, valid=False)
        for row, answer in zip(rows, answers, strict=True)
    ]


def summarise(contestant: Contestant, scores: Sequence[Score], means_R: Floats) -> dict[str, Any]:
    """Score with its interval, cost and speed. Every number is null where it is not known, never 0."""
    answers = contestant.answers
    return {
        "spec": contestant.spec,
        "score": float(np.mean([score.value for score in scores])),
        "ci95": ci95(means_R),
        "invalid": sum(not score.valid for score in scores),
        "outcomes": dict(sorted(Counter(answer.outcome for answer in answers).items())),
        "prompt_tokens_mean": _over(answers, lambda answer: answer.input_tokens, np.mean),
        "output_tokens_mean": _over(answers, lambda answer: answer.output_tokens, np.mean),
        "latency_p50_s": _over(answers, lambda answer: answer.latency_s, np.median),
        "latency_p95_s": _over(answers, lambda answer: answer.latency_s, lambda values: np.percentile(values, 95)),
        "in_flight": contestant.in_flight,
        "output_tokens_per_s": _tokens_per_s(answers),
        "cost_per_1000_usd": _over(answers, lambda answer: answer.cost_usd, lambda values: 1000 * np.mean(values)),
        "parameters": contestant.size.parameters,
        "bytes": contestant.size.bytes,
    }


def rank(
    rows: Sequence[Row], answers: Sequence[Answer], scorer: Scorer, positive: str, bootstrap: Bootstrap
) -> dict[str, Any]:
    """AUC of the log-odds of the label `positive`, over the rows that have log-odds; their number beside it."""
    odds_N = np.array([np.nan if answer.log_odds is None else answer.log_odds for answer in answers])
    positive_N = np.array([scorer.normal(row.gold) == scorer.normal(positive) for row in rows])
    have_N = ~np.isnan(odds_N)
    value = auc(positive_N[have_N], odds_N[have_N])
    if value is None:
        return {"auc": None, "auc_ci95": None, "auc_rows": int(have_N.sum())}
    replicates = bootstrap.replicate(
        lambda weights: weighted_auc(weights[:, have_N], positive_N[have_N], odds_N[have_N])
    )
    return {"auc": value, "auc_ci95": ci95(replicates), "auc_rows": int(have_N.sum())}


def _over(
    answers: Sequence[Answer], field: Callable[[Answer], float | None], statistic: Callable[[list[float]], Any]
) -> float | None:
    """A statistic of a field over the answers that have it; None where none has."""
    values = [value for value in map(field, answers) if value is not None]
    return float(statistic(values)) if values else None


def _tokens_per_s(answers: Sequence[Answer]) -> float | None:
    """Output tokens per second of one call, reading the prompt included."""
    known = [(a.output_tokens, a.latency_s) for a in answers if a.output_tokens is not None and a.latency_s]
    return sum(tokens for tokens, _ in known) / sum(seconds for _, seconds in known) if known else None
