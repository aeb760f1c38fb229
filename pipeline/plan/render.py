"""The plan as text: a table of teacher by lane, then what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HEAD = ("teacher", "lane", "calls", "tokens in", "tokens out", "dollars", "at most", "time")
UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
DASH = "–"


def render_plan(plan: Mapping[str, Any]) -> str:
    """The plan in words."""
    judge = plan["judge"]
    asked = plan["teachers"] if judge is None else [*plan["teachers"], _judging(judge)]
    rows = [row for part in asked for row in _rows(part)]
    if len(asked) > 1:
        rows += [_total_row(plan, name, lane) for name, lane in plan["lanes"].items() if lane is not None]
    lines = [_first(plan), "", *_table([HEAD, *rows]), ""]
    lines.append(f"disk       {_span(plan, 'disk_bytes', _bytes)} more for the journal")
    lines += dict.fromkeys(_key(part) for part in asked if part["key_needed"])
    lines += _budget(plan["budget"], judged=judge is not None)
    lines.append(_training(plan["training"]))
    return "\n".join([*lines, *plan["remarks"]])


def _first(plan: Mapping[str, Any]) -> str:
    is_sample = plan["sampled_rows"] < plan["rows"]
    answered = f"{'about ' if is_sample and plan['answered'] else ''}{plan['answered']:,} answers there already"
    line = f"calls      {plan['calls']:,}: {plan['prompts']:,} prompts, {answered}"
    return f"{line}; from a sample of {plan['sampled_rows']:,} rows, 95 % intervals" if is_sample else line


def _judging(judge: Mapping[str, Any]) -> dict[str, Any]:
    """The judge as one more row, in the one lane that judges are asked in."""
    lanes = {name: lane for name, lane in judge["lanes"].items() if lane is not None}
    return {**judge, "teacher": f"judge {judge['teacher']}", "lanes": lanes}


def _rows(part: Mapping[str, Any]) -> list[tuple[str, ...]]:
    shared = (_span(part, "calls", _count), _span(part, "input_tokens", _count), _span(part, "output_tokens", _count))
    found, blank = [], ("",) * len(shared)
    for place, (name, lane) in enumerate(part["lanes"].items()):
        amounts = ("the teacher has none", "", "") if lane is None else _amounts(lane)
        label, counts = ("", blank) if place else (part["teacher"], shared)
        found.append((label, name, *counts, *amounts))
    return found


def _total_row(plan: Mapping[str, Any], name: str, lane: Mapping[str, Any]) -> tuple[str, ...]:
    tokens = (_span(plan, "input_tokens", _count), _span(plan, "output_tokens", _count))
    return ("in all", name, _span(plan, "calls", _count), *tokens, *_amounts(lane))


def _amounts(lane: Mapping[str, Any]) -> tuple[str, str, str]:
    most, time = lane["cost_usd_at_most"], _span(lane, "hours", _time)
    if jobs := lane.get("jobs"):
        time += f" in {jobs:,} job{'s' * (jobs > 1)}"
    return _span(lane, "cost_usd", _money), "" if most is None else _money(most), time


def _span(data: Mapping[str, Any], name: str, show: Any) -> str:
    """Expected (low to high), as far as they are known and read differently."""
    low, expected, high = (data[f"{name}_{end}"] for end in ("low", "expected", "high"))
    if low is None:
        return "unknown"
    if high is None:
        return f"{show(low)} or more"
    if low == 0 < high and expected is None:
        return f"up to {show(high)}"
    ends = list(dict.fromkeys((show(low), show(high))))
    if expected is None or show(expected) in ends:
        return DASH.join(ends)
    return f"{show(expected)} ({DASH.join(ends)})"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _key(part: Mapping[str, Any]) -> str:
    return f"key        {part['key_needed']} is {'set' if part['key_present'] else 'not set'}"


def _budget(budget: Mapping[str, Any] | None, *, judged: bool) -> list[str]:
    if budget is None:
        return []
    line = f"budget     {_money(budget['left_usd'])} of {_money(budget['budget_usd'])} left"
    if budget["covers_high"] is None:
        return [f"{line}; what it buys is unknown"]
    if budget["covers_high"]:
        return [f"{line}: enough, by the high estimate"]
    rest = "; the judge is asked with what is left" if judged else ""
    return [f"{line}: answers {_span(budget, 'prompts_bought', _count)} of the prompts that are owed{rest}"]


def _training(training: Mapping[str, Any] | None) -> str:
    if training is None:
        return "training   memory unknown: the base's sizes cannot be read on this machine"
    where = training["device"] if training["devices"] == 1 else f"one of {training['devices']} x {training['device']}"
    need, has = _bytes(training["memory_bytes"]), _bytes(training["device_bytes"])
    line = f"training   about {need} of memory, of {has}: {where}"
    parts = ", ".join(f"{name} {_bytes(size)}" for name, size in training["parts_bytes"].items())
    more = "; a teacher in memory beside it is not counted" if training["needs_teacher"] else ""
    if (count := training["devices"]) > 1:
        more += f"; all {count}: accelerate launch --num_processes {count} -m pipeline.cli train RECIPE"
    return f"{line}, {training['settings']}{more}\n           {parts}"


def _count(value: float) -> str:
    if value < 10_000:
        return f"{value:,.0f}"
    size, unit = next((size, unit) for size, unit in UNITS if value >= size)
    return f"{value / size:.3g}{unit}" if value < 999.5 * size else f"{value / size:,.0f}{unit}"


def _money(dollars: float) -> str:
    if 0 < dollars < 0.0001:
        return "<$0.0001"
    return f"${dollars:,.2f}" if dollars >= 1 or dollars == 0 else f"${dollars:.2g}"


def _time(hours: float) -> str:
    seconds = hours * 3600
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if hours < 1 else f"{hours:,.3g} h" if hours < 999.5 else f"{hours:,.0f} h"


def _bytes(value: float) -> str:
    size, unit = next(
        (size, unit) for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")) if value >= size or unit == "kB"
    )
    return f"{value / size:,.3g} {unit}"
