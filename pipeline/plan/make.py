"""The plan as data: names carry their units, and `_low`, `_expected`, `_high` an interval's three numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from math import isfinite
from pathlib import Path
from typing import Any

from pipeline.journal.schema import explain, read_only
from pipeline.plan.endpoint import Share
from pipeline.plan.estimate import Interval, total
from pipeline.plan.lanes import Lane, latency_s
from pipeline.plan.remarks import remarks_on
from pipeline.plan.sample import LANES
from pipeline.plan.totals import Budget, budget_of, disk_bytes, lane_total
from pipeline.plan.whole import Whole, gather
from pipeline.recipe.recipe import Recipe
from pipeline.run.directory import RunDir
from pipeline.train.memory import plan_training


def make_plan(recipe: Recipe, root: Path) -> dict[str, Any]:
    """Calls still owed, tokens, dollars by lane, disk and hours, of all the recipe's prompts.

    `calls` are the teachers'; `judge` is the evaluation's, and what has an interval is of them all.
    From a sample of the prompts, and of the replies that the journal in `root` has. Raises InputError for a bad
    recipe, or a bad row among those sampled; RunError for a journal that cannot be read.
    """
    run = RunDir(root)
    path = run.journal
    if not path.exists():
        return _as_data(gather(recipe, None), run)
    try:
        with closing(read_only(path)) as journal:
            return _as_data(gather(recipe, journal), run)
    except sqlite3.Error as error:
        raise explain(error, path) from error


def _as_data(whole: Whole, run: RunDir) -> dict[str, Any]:
    sample, shares, owed, judging = whole.sample, whole.shares, whole.owed, whole.judging
    everyone = [*shares, *([] if judging is None else [judging.share])]
    samples = sample.population * whole.chains_a_prompt
    lanes = {name: lane_total(whole, name) for name in LANES}
    own = lanes[whole.recipe.generate.lane]
    return {
        "teachers": [_share_data(share, found) for share, found in zip(shares, whole.lanes, strict=True)],
        "rows": sample.rows,
        "sampled_rows": len(sample.prompts) + (sample.repeats if sample.is_all else 0),
        "prompts": sample.population,
        "samples": samples,
        "answered": samples - round(_best(owed)),
        **_spread("answered", Interval(samples - owed.high, samples - _best(owed), samples - owed.low)),
        "calls": sum(round(_best(share.calls)) for share in shares),
        "judge": None if judging is None else _share_data(judging.share, [judging.lane]),
        **_spread("calls", total(share.calls for share in everyone)),
        **_spread("input_tokens", total(share.input_tokens for share in everyone)),
        **_spread("output_tokens", total(share.output_tokens for share in everyone)),
        "lane": whole.recipe.generate.lane,
        "cost_usd_at_most": None if own is None else own.cost_usd_at_most,
        "lanes": {name: _lane_data(lane) for name, lane in lanes.items()},
        **_spread("disk_bytes", disk_bytes(whole)),
        "budget": _budget_data(budget_of(whole)),
        "training": plan_training(whole.recipe),
        "remarks": list(remarks_on(whole, run)),
    }


def _share_data(share: Share, lanes: Sequence[Lane]) -> dict[str, Any]:
    endpoint, by_name = share.endpoint, {lane.name: lane for lane in lanes}
    return {
        "teacher": endpoint.entry.label,
        "calls": round(_best(share.calls)),
        **_spread("calls", share.calls),
        "left_out": list(endpoint.left_out),
        "measured_replies": len(share.measured.output_tokens_N),
        **_spread("input_tokens", share.input_tokens),
        **_spread("output_tokens", share.output_tokens),
        **_spread("latency_s", latency_s(share)),
        "lanes": {name: _lane_data(by_name.get(name)) for name in LANES},
        "key_needed": " or ".join(endpoint.who.keys) if endpoint.who.needs_key else None,
        "key_present": endpoint.who.key_present,
    }


def _lane_data(lane: Lane | None) -> dict[str, Any] | None:
    if lane is None:
        return None
    return {
        **_spread("cost_usd", lane.cost_usd),
        "cost_usd_at_most": lane.cost_usd_at_most,
        **_spread("hours", lane.hours),
        "jobs": lane.jobs,
    }


def _budget_data(budget: Budget | None) -> dict[str, Any] | None:
    if budget is None:
        return None
    known = {name: getattr(budget, name) for name in ("budget_usd", "spent_usd", "left_usd", "covers_high")}
    return known | _spread("prompts_bought", budget.prompts_bought)


def _best(amount: Interval) -> float:
    return amount.high if amount.expected is None else amount.expected


def _spread(name: str, amount: Interval | None) -> dict[str, float | None]:
    low, expected, high = (None, None, None) if amount is None else (amount.low, amount.expected, amount.high)
    values = {"low": low, "expected": expected, "high": high}
    return {f"{name}_{end}": value if value is not None and isfinite(value) else None for end, value in values.items()}
