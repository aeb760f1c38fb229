"""One contestant's numbers, apart from its comparison with the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline.evaluate.auc import Floats
from pipeline.evaluate.basis import Basis
from pipeline.evaluate.contestants import Answer, Contestant, Row
from pipeline.evaluate.scorers import Item, Score, Scorer, score_items
from pipeline.evaluate.statistics.intervals import of_share

SCORED = frozenset({"ok", "truncated"})
"""Outcomes whose text is scored. A cut answer may still begin with its label; a refusal is no answer."""


def score_answers(rows: Sequence[Row], answers: Sequence[Answer], scorer: Scorer) -> list[Score]:
    """A score per row; 0 and not valid where there was no answer. Every row has gold."""
    pairs = list(zip(rows, answers, strict=True))
    items = [
        Item(row.prompt_id, row.prompt, said.text, row.gold or "") for row, said in pairs if said.outcome in SCORED
    ]
    found = iter(score_items(scorer, items))
    return [next(found) if said.outcome in SCORED else Score(0.0, valid=False) for _, said in pairs]


def summarise(
    contestant: Contestant, scores: Sequence[Score] | None, score: Floats | None, basis: Basis
) -> dict[str, Any]:
    """Score with its interval, cost and speed. Every number is null where it is not known, never 0."""
    answers = contestant.answers
    return {
        "spec": contestant.spec,
        "score": None if score is None else float(score[0]),
        "ci95": None if score is None else of_share(score, basis.size),
        "score_rows": 0 if score is None else basis.size.rows,
        "invalid": None if scores is None else sum(not one.valid for one in scores),
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
