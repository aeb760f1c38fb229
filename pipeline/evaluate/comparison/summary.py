"""One contestant's numbers, apart from its comparison with the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pipeline.evaluate.answers.contestants import Answer, Contestant, HeldoutRow
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.evaluate.comparison.usage import usage
from pipeline.recipe.scorer import Item, Score, Scorer
from pipeline.statistics.auc import Floats
from pipeline.statistics.intervals import of_share

SCORED = frozenset({"ok", "truncated"})
"""Outcomes whose text is scored. A cut answer may still begin with its label; a refusal is no answer."""


def score_answers(rows: Sequence[HeldoutRow], answers: Sequence[Answer], scorer: Scorer) -> list[Score]:
    """A score per row; 0 and not valid where there was no answer. Every row has gold."""
    pairs = list(zip(rows, answers, strict=True))
    items = [
        Item(row.prompt_id, row.student_messages, said.text, row.gold or "")
        for row, said in pairs
        if said.outcome in SCORED
    ]
    found = iter(scorer.score_many(items))
    return [next(found) if said.outcome in SCORED else Score(0.0, valid=False) for _, said in pairs]


def summarise(
    contestant: Contestant, scores: Sequence[Score] | None, score: Floats | None, resampling: Resampling
) -> dict[str, Any]:
    """Score with its interval, cost and speed. Every number is null where it is not known, never 0."""
    answers = contestant.answers
    return {
        "spec": contestant.spec,
        "score": None if score is None else float(score[0]),
        "ci95": None if score is None else of_share(score, resampling.size),
        "score_rows": 0 if score is None else resampling.size.rows,
        "invalid": None if scores is None else sum(not one.valid for one in scores),
        "outcomes": dict(sorted(Counter(answer.outcome for answer in answers).items())),
        **usage(answers, resampling),
        "in_flight": contestant.in_flight,
        "parameters": contestant.size.parameters,
        "bytes": contestant.size.bytes,
    }
