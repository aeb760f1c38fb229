"""The plan as data: names carry their units, and `_low`, `_expected`, `_high` an interval's three numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.accounts import account_of
from pipeline.budget import check_budget
from pipeline.journal import read_only
from pipeline.journal.journal import SPENT
from pipeline.plan.estimate import NOTHING, Interval, count_of, exactly, largest, sum_of, total
from pipeline.plan.lanes import FIRST_TOKEN_S, TOKENS_PER_S, Lane, batch_limits, is_free, lanes_of, latency_s
from pipeline.plan.measured import measure
from pipeline.plan.sample import LANES, Sample, owed_chains, owed_to, sample_prompts, stored_bytes_N
from pipeline.plan.seat import Share, calls_of, share_of
from pipeline.recipe import Recipe
from pipeline.run import RunDir
from pipeline.seats import Seat, remarks_of, seats_of
from pipeline.terms import check_terms
from pipeline.wanted import PromptStream
from prompts.errors import InputError

BYTES_PER_SAMPLE = Interval(270, None, 450)
"""Of the journal's rows, indexes and a short reply: 2,000 samples took 300 to 400, their prompts' text not counted."""

BYTES_PER_TOKEN = Interval(1, None, 5)
"""Of a reply's text, packed or not."""

BYTES_PER_ALTERNATIVE = 5
"""SmolLM2's replies of 500 tokens took 102 bytes a token with its 20 or 21: docs/decisions/0012."""


@dataclass(slots=True, frozen=True)
class Whole:
    """What a plan is made from."""

    recipe: Recipe
    sample: Sample
    seats: Sequence[Seat]
    owed_N: Any
    """Chains that each sampled prompt still owes."""
    chains_a_prompt: int
    shares: Sequence[Share]
    lanes: Sequence[Sequence[Lane]]
    """Of each share."""
    spent_usd: float


def make_plan(recipe: Recipe, root: Path) -> dict[str, Any]:
    """Calls still owed, tokens, dollars by lane, disk and hours, of all the recipe's prompts.

    From a sample of the prompts, and of the replies that the journal in `root` has. Raises InputError for a bad
    recipe, or a bad row among those sampled.
    """
    path = RunDir(root).journal
    if not path.exists():
        return _as_data(_gather(recipe, None))
    with closing(read_only(path)) as journal:
        return _as_data(_gather(recipe, journal))


def _gather(recipe: Recipe, journal: sqlite3.Connection | None) -> Whole:
    seats = seats_of(recipe, PromptStream(recipe).has_system)
    sample = sample_prompts(recipe, len(seats))
    untouched = journal is None or journal.execute("SELECT 1 FROM replies LIMIT 1").fetchone() is None
    owed = owed_chains(sample, seats, recipe, None if untouched else journal)
    falls_back = recipe.combine.how == "fallback"
    shares = []
    for number, (seat, measured) in enumerate(zip(seats, measure(seats, journal), strict=True)):
        theirs = owed_to(number, seat, owed)
        calls = calls_of(theirs, sample, recipe, untouched=untouched)
        shares.append(share_of(seat, theirs, measured, sample, calls, waits=falls_back and number > 0))
    return Whole(
        recipe=recipe,
        sample=sample,
        seats=seats,
        owed_N=np.array([sum(map(bool, chains)) for chains in owed], dtype=np.float64),
        chains_a_prompt=len(owed[0]),
        shares=shares,
        lanes=[lanes_of(share, recipe.generate) for share in shares],
        spent_usd=0.0 if journal is None else float(journal.execute(SPENT).fetchone()[0]),
    )


def _as_data(whole: Whole) -> dict[str, Any]:
    sample, shares = whole.sample, whole.shares
    samples = sample.population * whole.chains_a_prompt
    owed = count_of(whole.owed_N, whole.chains_a_prompt, sample.population)
    return {
        "teachers": [_share_data(share, lanes) for share, lanes in zip(shares, whole.lanes, strict=True)],
        "rows": sample.rows,
        "sampled_rows": len(sample.prompts) + (sample.repeats if sample.is_all else 0),
        "prompts": sample.population,
        "samples": samples,
        "answered": samples - round(owed.expected or 0),
        "calls": sum(round(_best(share.calls)) for share in shares),
        **_spread("input_tokens", total(share.input_tokens for share in shares)),
        **_spread("output_tokens", total(share.output_tokens for share in shares)),
        "lane": whole.recipe.generate.lane,
        "cost_usd_at_most": (_lane_total(whole, whole.recipe.generate.lane) or {}).get("cost_usd_at_most"),
        "lanes": {lane: _lane_total(whole, lane) for lane in LANES},
        **_spread("disk_bytes", _disk(whole)),
        "budget": _budget(whole),
        "remarks": list(_remarks(whole)),
    }


def _share_data(share: Share, lanes: Sequence[Lane]) -> dict[str, Any]:
    seat, by_name = share.seat, {lane.name: lane for lane in lanes}
    return {
        "teacher": seat.entry.label,
        "calls": round(_best(share.calls)),
        **_spread("calls", share.calls),
        "left_out": list(seat.left_out),
        "measured_replies": len(share.measured.output_tokens_N),
        **_spread("input_tokens", share.input_tokens),
        **_spread("output_tokens", share.output_tokens),
        **_spread("latency_s", latency_s(share)),
        "lanes": {name: _lane_data(by_name[name]) if name in by_name else None for name in LANES},
        "key_needed": " or ".join(seat.who.keys) if seat.who.needs_key else None,
        "key_present": seat.who.key_present,
    }


def _lane_data(lane: Lane) -> dict[str, Any]:
    return {
        **_spread("cost_usd", lane.cost_usd),
        "cost_usd_at_most": lane.cost_usd_at_most,
        **_spread("hours", lane.hours),
        "jobs": lane.jobs,
    }


def _lane_total(whole: Whole, name: str) -> dict[str, Any] | None:
    """All teachers in one lane; None where one of them has it not."""
    found = [lane for lanes in whole.lanes for lane in lanes if lane.name == name]
    if len(found) < len(whole.lanes):
        return None
    at_most = [lane.cost_usd_at_most for lane in found]
    return {
        **_spread("cost_usd", _sum_known([lane.cost_usd for lane in found])),
        "cost_usd_at_most": None if None in at_most else sum(filter(None, at_most)),
        **_spread("hours", _hours(whole, found)),
    }


def _hours(whole: Whole, found: Sequence[Lane]) -> Interval | None:
    """Teachers of one account share its pace, so their hours add up; accounts go side by side, and so do batches."""
    known = [lane.hours for lane in found if lane.hours is not None]
    if len(known) < len(found):
        return None
    if found[0].name == "batch":
        return largest(known)
    accounts: dict[str, Interval] = {}
    for seat, hours in zip(whole.seats, known, strict=True):
        accounts[account_of(seat)] = accounts.get(account_of(seat), NOTHING) + hours
    return largest(accounts.values())


def _sum_known(found: Sequence[Interval | None]) -> Interval | None:
    known = [one for one in found if one is not None]
    return total(known) if len(known) == len(found) else None


def _disk(whole: Whole) -> Interval:
    """What the journal grows by: the prompts' last turns, and a sample's rows and reply each."""
    sample = whole.sample
    grown = sum_of(stored_bytes_N(sample) * (whole.owed_N > 0), sample.population)
    for share in whole.shares:
        replies = share.measured.stored_bytes(share.calls.high)
        if replies is None:
            width = 1 + share.seat.sampling.top_logprobs * BYTES_PER_ALTERNATIVE
            stored = share.output_tokens * (BYTES_PER_TOKEN + exactly(width - 1))
        else:
            stored = share.calls * replies
        grown = grown + stored + share.calls * BYTES_PER_SAMPLE
    return grown


def _budget(whole: Whole) -> dict[str, Any] | None:
    """What `generate.budget_usd` buys in the recipe's lane; None where there is none."""
    generate = whole.recipe.generate
    if generate.budget_usd is None:
        return None
    left = max(generate.budget_usd - whole.spent_usd, 0.0)
    data = {"budget_usd": generate.budget_usd, "spent_usd": whole.spent_usd, "left_usd": left}
    found = [lane.cost_usd for lanes in whole.lanes for lane in lanes if lane.name == generate.lane]
    cost = _sum_known(found) if len(found) == len(whole.lanes) else None
    rows = count_of((whole.owed_N > 0).astype(np.float64), 1, whole.sample.population)
    bought = None if cost is None else _bought(left, cost, rows.expected or 0.0)
    return {**data, "covers_high": None if cost is None else cost.high <= left, **_spread("prompts_bought", bought)}


def _bought(left_usd: float, cost: Interval, owed: float) -> Interval:
    """How many of the prompts that are owed the money answers."""

    def some(dollars: float) -> float:
        return owed if dollars <= left_usd else owed * left_usd / dollars

    return Interval(some(cost.high), None if cost.expected is None else some(cost.expected), some(cost.low))


def _remarks(whole: Whole) -> Iterator[str]:
    recipe, sample = whole.recipe, whole.sample
    yield from check_terms(recipe)
    for seat in whole.seats:
        yield from remarks_of(seat)
    for share in whole.shares:
        yield from share.remarks
        yield from _lane_remarks(share, recipe)
    if sample.skipped:
        yield sample.skipped
    if sample.repeats and not sample.is_all:
        yield (
            f"{sample.repeats} of {len(sample.prompts):,} sampled rows repeat another's prompt: "
            "repeats are asked once, and how many there are a sample does not tell"
        )
    if recipe.generate.accept is not None:
        yield f"these are numbers for all prompts; generate.accept may stop at {recipe.generate.accept:,} kept samples"
    if recipe.rescore is not None or any(step.step == "best" for step in recipe.curation.steps):
        yield "the judge's and the rescorer's calls are not in these numbers"
    try:
        check_budget(recipe, whole.seats)
    except InputError as error:
        yield f"the run would stop at once: {error}"


def _lane_remarks(share: Share, recipe: Recipe) -> Iterator[str]:
    seat, label, calls = share.seat, share.seat.entry.label, share.calls.high
    if not calls:
        return
    limits = batch_limits(seat)
    if recipe.generate.lane == "batch" and limits is None:
        yield f"{label} has no batch lane: the run would stop at once"
    if recipe.generate.lane == "batch" and limits is not None and calls < limits.min_requests:
        yield f"{label}: {calls:,.0f} calls are fewer than the {limits.min_requests} of a batch"
    if not is_free(seat) and "online" not in share.worst_usd:
        yield f"{label}: no price is known; a run with a budget stops until the recipe gives teacher.price"
    if share.measured.latency_s(calls) is None and latency_s(share) is not None:
        quick, slow = zip(FIRST_TOKEN_S, TOKENS_PER_S, strict=True)
        yield (
            f"{label}: no latency was measured; hours assume {quick[0]:g} to {slow[0]:g} s, then {quick[1]:g} to "
            f"{slow[1]:g} tokens a second"
        )
    if seat.warms_cache:
        yield f"{label}: at the price of uncached tokens; what prompts share may cost less"


def _best(amount: Interval) -> float:
    return amount.high if amount.expected is None else amount.expected


def _spread(name: str, amount: Interval | None) -> dict[str, float | None]:
    low, expected, high = (None, None, None) if amount is None else (amount.low, amount.expected, amount.high)
    values = {"low": low, "expected": expected, "high": high}
    return {f"{name}_{end}": value if value is not None and isfinite(value) else None for end, value in values.items()}
