"""One contestant's numbers, apart from its comparison with the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipeline.evaluate.answers.contestants import Answer, Contestant, HeldoutRow
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.evaluate.comparison.usage import measure_usage
from pipeline.recipe.scorer import Item, Score, Scorer
from pipeline.run.evaluation.contestants import Summary
from pipeline.statistics.auc import Floats

SCORED = frozenset({"ok", "truncated"})
"""Outcomes whose text is scored. A cut answer may still begin with its label; a refusal is no answer."""


def score_answers(rows: Sequence[HeldoutRow], answers: Sequence[Answer], scorer: Scorer) -> list[Score]:
    """Returns a score per row; 0 and not valid where there was no answer. Every row has gold."""
    items = []
    for row, answer in zip(rows, answers, strict=True):
        if answer.outcome in SCORED:
            items.append(Item(row.prompt_id, row.student_messages, answer.text, row.gold or ""))
    # All at once: some scorers are faster with many, see Scorer.score_many.
    scores = iter(scorer.score_many(items))
    nothing = Score(0.0, valid=False)
    return [next(scores) if answer.outcome in SCORED else nothing for answer in answers]


def summarise(
    contestant: Contestant, scores: Sequence[Score] | None, mean: Floats | None, resampling: Resampling
) -> Summary:
    """Returns score, cost and speed. `mean` is the resampled mean of the scores; both are None without any score."""
    estimate = invalid = None
    if mean is not None:
        estimate = resampling.share(mean)
    if scores is not None:
        invalid = sum(not score.valid for score in scores)
    usage = measure_usage(contestant.answers, resampling)
    return Summary(
        spec=contestant.spec,
        score=estimate,
        invalid=invalid,
        outcomes=dict(sorted(Counter(answer.outcome for answer in contestant.answers).items())),
        prompt_tokens_mean=usage.prompt_tokens_mean,
        output_tokens_mean=usage.output_tokens_mean,
        latency_p50_s=usage.latency_p50_s,
        latency_p95_s=usage.latency_p95_s,
        output_tokens_per_s=usage.output_tokens_per_s,
        cost_per_1000_usd=usage.cost_per_1000_usd,
        in_flight=contestant.in_flight,
        parameters=contestant.size.parameters,
        bytes=contestant.size.bytes,
    )
