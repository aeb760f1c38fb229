"""One teacher's replies to the slice, measured: scores, accepted rows, dollars, seconds, refusals, failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.curate.curate import curate
from pipeline.evaluate.comparison.summary import SCORED
from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.recipe.curate import Curate
from pipeline.recipe.scorer import Scorer
from prompts.messages import Conversation
from prompts.prompt import Prompt
from teachers.base import ANSWERS, Usage

Row = Mapping[str, Any]
"""A row of replies.parquet."""


@dataclass(slots=True, frozen=True)
class Reading:
    """One teacher's replies as the recipe's curation reads them, by prompt id."""

    texts: Mapping[str, str]
    """What a student would be trained towards; only where the teacher answered."""
    accepted: frozenset[str]
    """The prompts whose reply is kept."""


@dataclass(slots=True, frozen=True)
class MeasuredTeacher:
    """One teacher on the slice. Sequences stand in the slice's order."""

    label: str
    spec: str
    scores: tuple[float | None, ...]
    """0 to 1 a prompt; None where none could be had, as from a judge that said nothing usable."""
    accepted: int
    outcomes: Mapping[str, int]
    cost_usd: float | None
    """None where the cost of any reply is not known."""
    latencies_s: tuple[float, ...]
    why_no_cost: str | None = None
    """Why `cost_usd` is None."""
    asked_without: tuple[str, ...] = ()
    """Fields of `generate` that it cannot honour and was not asked with."""

    @property
    def asked(self) -> int:
        """Prompts that it was asked."""
        return sum(self.outcomes.values())

    @property
    def refused(self) -> int:
        """Prompts that it refused."""
        return self.outcomes.get("refused", 0)

    @property
    def cost_per_accepted_usd(self) -> float | None:
        """None too where nothing was accepted."""
        if self.cost_usd is None or not self.accepted:
            return None
        return self.cost_usd / self.accepted

    @property
    def latency_p50_s(self) -> float | None:
        """The median of what replies took; None without any."""
        if not self.latencies_s:
            return None
        return float(np.median(self.latencies_s))

    @property
    def latency_p95_s(self) -> float | None:
        """The same of their 95th percentile."""
        if not self.latencies_s:
            return None
        return float(np.percentile(self.latencies_s, 95))

    @property
    def failures(self) -> dict[str, int]:
        """The outcomes that are no whole answer and no refusal."""
        return {name: count for name, count in sorted(self.outcomes.items()) if name not in ("ok", "refused")}


def read_replies(rows: Sequence[Row], student_messages: Mapping[str, Conversation], config: Curate) -> Reading:
    """Curates one teacher's rows by themselves: steps that look at all rows must see no other teacher's.

    The texts are read with every row kept by `calibrate` and `confidence`, whatever share the recipe keeps: which
    rows are surest is a choice among a teacher's answers, and says nothing about how good an answer is.
    """
    # Twice: what is kept says what a student would get; the texts are scored whether kept or not.
    kept_prompts = {sample.prompt_id for sample in curate(rows, student_messages, _alone(config)).kept.values()}
    whole = curate(rows, student_messages, _alone(config, keep_all=True))
    seen = [*whole.kept.values(), *(gone.sample for gone in whole.dropped.values())]
    return Reading({sample.prompt_id: sample.completion for sample in seen}, frozenset(kept_prompts))


def score_replies(
    rows: Sequence[Row], reading: Reading, prompts: Sequence[Prompt], scorer: Scorer
) -> tuple[float | None, ...]:
    """Scores each prompt's answer against gold; 0 where there was none, as in the evaluation."""
    outcomes = {row["prompt_id"]: row["outcome"] for row in rows}
    scores: list[float | None] = []
    for prompt in prompts:
        if outcomes.get(prompt.id) in SCORED:
            scores.append(scorer.score(reading.texts[prompt.id], prompt.gold or "").value)
        else:
            scores.append(0.0)  # a refusal is no better than a wrong answer to whoever asked
    return tuple(scores)


def measure(
    endpoint: ConfiguredTeacher, rows: Sequence[Row], reading: Reading, scores: Sequence[float | None], *, no_price: str
) -> MeasuredTeacher:
    """Returns one teacher's numbers. `no_price` is why a cost is unknown where no reply has one."""
    # Of answers alone: what an attempt without one cost is known only as a worst case.
    costs = [_cost_usd(row, endpoint) for row in rows if row["outcome"] in ANSWERS]
    cost_usd, why_no_cost = _sum_costs(costs, no_price)
    return MeasuredTeacher(
        label=endpoint.entry.label,
        spec=str(endpoint.description.spec),
        scores=tuple(scores),
        accepted=len(reading.accepted),
        outcomes=dict(sorted(Counter(row["outcome"] for row in rows).items())),
        cost_usd=cost_usd,
        latencies_s=tuple(row["latency_s"] for row in rows if row["latency_s"] is not None),
        why_no_cost=why_no_cost,
        asked_without=endpoint.left_out,
    )


def _sum_costs(costs: Sequence[float | None], no_price: str) -> tuple[float | None, str | None]:
    """The sum, or why there is none: a part of the bill would make a teacher cheap."""
    if not costs:
        return None, "it answered nothing"
    known = [cost for cost in costs if cost is not None]
    if len(known) == len(costs):
        return sum(known), None
    if not known:
        return None, no_price
    return None, f"the cost of {len(costs) - len(known)} of {len(costs)} replies is not known"


def _cost_usd(row: Row, endpoint: ConfiguredTeacher) -> float | None:
    """At the recipe's price as it is now; without one, what was journaled when the reply was paid."""
    price = endpoint.entry.to_price()
    if price is None or row["usage"] is None:
        cost: float | None = row["cost_usd"]
        return cost
    return price.cost_usd(Usage(**row["usage"]))


def _alone(config: Curate, *, keep_all: bool = False) -> Curate:
    """The recipe's curation for one teacher with one reply a prompt: nothing to pick from, and no judge to pay."""
    steps = [step for step in config.steps if step.judge_model is None]
    if keep_all:
        steps = [whole for step in steps if (whole := step.keeping_all()) is not None]
    return config.model_copy(update={"steps": steps})
