"""All teachers of a plan together: dollars, hours, disk, and what the budget buys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.inference.accounts import account_of
from pipeline.plan.estimate import NOTHING, Interval, count_of, exactly, largest, sum_of, total_known
from pipeline.plan.lanes import Lane
from pipeline.plan.sample import stored_bytes_N
from pipeline.plan.share import Share
from pipeline.plan.workload import Workload

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
    """The recipe's `generate.budget_usd`, and what it buys in the recipe's lane."""

    budget_usd: float
    spent_usd: float
    left_usd: float
    covers_high: bool | None
    """Whether what is left is enough by the high estimate; None where the cost is unknown."""
    prompts_bought: Interval | None
    """Of those that are owed."""


def lane_total(work: Workload, name: str) -> Lane | None:
    """Returns all teachers in one lane, and the evaluation's judge after them; None where a teacher has not that lane.

    A judge is asked online, whatever the lane of the teachers.
    """
    teachers = teachers_total(work, name)
    if teachers is None or work.judging is None:
        return teachers
    judge = work.judging.lane
    return Lane(
        name,
        cost_usd=total_known([teachers.cost_usd, judge.cost_usd]),
        cost_usd_at_most=_sum_at_most([teachers, judge]),
        hours=total_known([teachers.hours, judge.hours]),
        jobs=teachers.jobs,
    )


def teachers_total(work: Workload, name: str) -> Lane | None:
    """Returns all teachers in one lane; None where one of them has it not."""
    lanes = [lane for theirs in work.lanes for lane in theirs if lane.name == name]
    if len(lanes) < len(work.lanes):
        return None  # a sum without one of them would be too low
    jobs = None
    if name == "batch":
        jobs = sum(lane.jobs or 0 for lane in lanes)
    return Lane(
        name,
        cost_usd=total_known(lane.cost_usd for lane in lanes),
        cost_usd_at_most=_sum_at_most(lanes),
        hours=_hours(work, lanes),
        jobs=jobs,
    )


def disk_bytes(work: Workload) -> Interval:
    """Returns what the journal grows by: the prompts' last turns, samples' rows and replies, the judge's questions."""
    # Prompts that are answered are stored already.
    grown = sum_of(stored_bytes_N(work.sample) * (work.owed_N > 0), work.sample.population)
    for share in work.shares:
        grown = grown + _stored_replies(share) + share.calls * BYTES_PER_SAMPLE
    if work.judging is not None:
        share = work.judging.share
        # Each of its questions holds two answers of its own: nothing of it is stored before.
        grown = grown + _stored_replies(share) + share.calls * BYTES_PER_SAMPLE + share.input_bytes
    return grown


def _stored_replies(share: Share) -> Interval:
    measured = share.past.stored_bytes(share.calls.high)
    if measured is not None:
        return share.calls * measured
    alternatives = exactly(share.endpoint.sampling.top_logprobs * BYTES_PER_ALTERNATIVE)
    return share.calls * BYTES_PER_REPLY + share.output_tokens * (BYTES_PER_TOKEN + alternatives)


def budget_of(work: Workload) -> Budget | None:
    """Returns what the recipe's budget buys; None where it has none."""
    generate = work.recipe.generate
    if generate.budget_usd is None:
        return None
    left = max(generate.budget_usd - work.spent_usd, 0.0)  # a cap may have been lowered below what is spent
    everyone, teachers = lane_total(work, generate.lane), teachers_total(work, generate.lane)
    covers = bought = None
    if everyone is not None and everyone.cost_usd is not None:
        covers = everyone.cost_usd.high <= left
    if teachers is not None and teachers.cost_usd is not None:
        # The judge's part is not taken off: it is asked after the teachers, with what they leave.
        owed = count_of((work.owed_N > 0).astype(np.float64), 1, work.sample.population)
        bought = _bought(left, teachers.cost_usd, owed.expected or 0.0)
    return Budget(generate.budget_usd, work.spent_usd, left, covers, bought)


def _bought(left_usd: float, cost: Interval, owed: float) -> Interval:
    """The prompts that the money answers, of those that are owed: the fewest at the highest cost."""

    def some(dollars: float) -> float:
        if dollars <= left_usd:
            return owed
        # Prompts are asked in the source's order: each costs what the mean does.
        return owed * left_usd / dollars

    expected = None
    if cost.expected is not None:
        expected = some(cost.expected)
    return Interval(some(cost.high), expected, some(cost.low))


def _hours(work: Workload, lanes: Sequence[Lane]) -> Interval | None:
    """Teachers of one account share its pace, so their hours add up; accounts go side by side, and so do batches."""
    hours: list[Interval] = []
    for lane in lanes:
        if lane.hours is None:
            return None
        hours.append(lane.hours)
    if lanes[0].name == "batch":
        return largest(hours)
    accounts: dict[str, Interval] = {}
    for endpoint, took in zip(work.endpoints, hours, strict=True):
        account = account_of(endpoint)
        accounts[account] = accounts.get(account, NOTHING) + took
    return largest(accounts.values())


def _sum_at_most(lanes: Sequence[Lane]) -> float | None:
    summed = 0.0
    for lane in lanes:
        if lane.cost_usd_at_most is None:
            return None
        summed += lane.cost_usd_at_most
    return summed
