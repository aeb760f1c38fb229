"""What a plan's teachers take together: dollars, hours, disk, and what the budget buys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.inference.accounts import account_of
from pipeline.plan.estimate import NOTHING, Interval, count_of, exactly, largest, sum_of, total
from pipeline.plan.lanes import Lane
from pipeline.plan.sample import stored_bytes_N
from pipeline.plan.whole import Whole

BYTES_PER_SAMPLE = Interval(180, 200, 320)
"""Of the journal's rows and indexes, less texts and replies: 184 to 227 by 1,000 to 20,000 samples of short prompts;
long ones leave more of their pages empty."""

BYTES_PER_REPLY = Interval(80, 95, 110)
"""Of one of a word or two, without logprobs: 79 to 107."""

BYTES_PER_TOKEN = Interval(1, None, 5)
"""Of a reply's text, packed or not."""

BYTES_PER_ALTERNATIVE = 5
"""SmolLM2's replies of 500 tokens took 102 bytes a token with its 20 or 21: docs/decisions/0012."""


@dataclass(slots=True, frozen=True)
class Budget:
    """What `generate.budget_usd` buys in the recipe's lane."""

    budget_usd: float
    spent_usd: float
    left_usd: float
    covers_high: bool | None
    """Whether what is left is enough by the high estimate; None where the cost is unknown."""
    prompts_bought: Interval | None
    """Of those that are owed."""


def lane_total(whole: Whole, name: str) -> Lane | None:
    """All teachers in one lane, and the evaluation's judge after them; None where a teacher has not that lane."""
    teachers = teachers_total(whole, name)
    if teachers is None or whole.judging is None:
        return teachers
    judge = whole.judging.lane
    return Lane(
        name,
        cost_usd=_sum_known([teachers.cost_usd, judge.cost_usd]),
        cost_usd_at_most=_sum_at_most([teachers, judge]),
        hours=_sum_known([teachers.hours, judge.hours]),
        jobs=teachers.jobs,
    )


def teachers_total(whole: Whole, name: str) -> Lane | None:
    """All teachers in one lane; None where one of them has it not."""
    found = [lane for lanes in whole.lanes for lane in lanes if lane.name == name]
    if len(found) < len(whole.lanes):
        return None
    jobs = sum(lane.jobs or 0 for lane in found) if name == "batch" else None
    return Lane(
        name,
        cost_usd=_sum_known([lane.cost_usd for lane in found]),
        cost_usd_at_most=_sum_at_most(found),
        hours=_hours(whole, found),
        jobs=jobs,
    )


def disk_bytes(whole: Whole) -> Interval:
    """What the journal grows by: the prompts' last turns, a sample's rows and reply each, and the judge's questions."""
    sample = whole.sample
    grown = sum_of(stored_bytes_N(sample) * (whole.owed_N > 0), sample.population)
    judges = [] if whole.judging is None else [whole.judging.share]
    for share in (*whole.shares, *judges):
        replies = share.measured.stored_bytes(share.calls.high)
        if replies is None:
            alternatives = share.endpoint.sampling.top_logprobs
            tokens = share.output_tokens * (BYTES_PER_TOKEN + exactly(alternatives * BYTES_PER_ALTERNATIVE))
            stored = share.calls * BYTES_PER_REPLY + tokens
        else:
            stored = share.calls * replies
        grown = grown + stored + share.calls * BYTES_PER_SAMPLE
    return total([grown, *(share.input_bytes for share in judges)])


def budget_of(whole: Whole) -> Budget | None:
    """None where the recipe has none."""
    generate = whole.recipe.generate
    if generate.budget_usd is None:
        return None
    left = max(generate.budget_usd - whole.spent_usd, 0.0)
    everyone, teachers = lane_total(whole, generate.lane), teachers_total(whole, generate.lane)
    cost, first = (None if lane is None else lane.cost_usd for lane in (everyone, teachers))
    owed = count_of((whole.owed_N > 0).astype(np.float64), 1, whole.sample.population)
    bought = None if first is None else _bought(left, first, owed.expected or 0.0)  # the judge is asked after them
    return Budget(generate.budget_usd, whole.spent_usd, left, None if cost is None else cost.high <= left, bought)


def _bought(left_usd: float, cost: Interval, owed: float) -> Interval:
    """How many of the prompts that are owed the money answers."""

    def some(dollars: float) -> float:
        return owed if dollars <= left_usd else owed * left_usd / dollars

    return Interval(some(cost.high), None if cost.expected is None else some(cost.expected), some(cost.low))


def _hours(whole: Whole, found: Sequence[Lane]) -> Interval | None:
    """Teachers of one account share its pace, so their hours add up; accounts go side by side, and so do batches."""
    known = [lane.hours for lane in found if lane.hours is not None]
    if len(known) < len(found):
        return None
    if found[0].name == "batch":
        return largest(known)
    accounts: dict[str, Interval] = {}
    for endpoint, hours in zip(whole.endpoints, known, strict=True):
        accounts[account_of(endpoint)] = accounts.get(account_of(endpoint), NOTHING) + hours
    return largest(accounts.values())


def _sum_at_most(found: Sequence[Lane]) -> float | None:
    known = [lane.cost_usd_at_most for lane in found if lane.cost_usd_at_most is not None]
    return sum(known) if len(known) == len(found) else None


def _sum_known(found: Sequence[Interval | None]) -> Interval | None:
    known = [one for one in found if one is not None]
    return total(known) if len(known) == len(found) else None
