"""The plan as text: a table of teacher by lane, then what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from pipeline.display.wording import DASH
from pipeline.plan.estimate import Interval
from pipeline.plan.lanes import Lane
from pipeline.plan.plan import Plan, PlannedTeacher
from pipeline.plan.totals import Budget
from pipeline.train.memory import TrainingMemory

HEAD = ("teacher", "lane", "calls", "tokens in", "tokens out", "dollars", "at most", "time")
COUNT_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
BYTE_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))

Row = tuple[str, ...]


def render_plan(plan: Plan) -> str:
    """Returns the plan in words."""
    rows = [row for teacher in plan.teachers for row in _rows(teacher, teacher.teacher)]
    keys = [_key(teacher) for teacher in plan.teachers if teacher.key_needed]
    if plan.judge is not None:
        # In the one lane that judges are asked in: that they have no other says nothing.
        rows += [row for row in _rows(plan.judge, f"judge {plan.judge.teacher}") if row[1] == "online"]
        keys += [_key(plan.judge)] if plan.judge.key_needed else []
    if len(plan.teachers) > 1 or plan.judge is not None:
        rows += [_total_row(plan, name, lane) for name, lane in plan.lanes.items() if lane is not None]
    lines = [_first(plan), "", *_table([HEAD, *rows]), ""]
    lines.append(f"disk       {_span(plan.disk_bytes, _bytes)} more for the journal")
    lines += dict.fromkeys(keys)  # teachers of one provider need one key: it is said once
    if plan.budget is not None:
        lines.append(_budget(plan.budget, judged=plan.judge is not None))
    lines.append(_training(plan.training))
    return "\n".join([*lines, *plan.remarks])


def _first(plan: Plan) -> str:
    about = "about " if plan.is_sample and plan.answered else ""
    line = f"calls      {plan.teachers_calls:,}: {plan.prompts:,} prompts, "
    line += f"{about}{plan.answered:,} answers there already"
    if plan.is_sample:
        line += f"; from a sample of {plan.sampled_rows:,} rows, 95 % intervals"
    return line


def _rows(teacher: PlannedTeacher, label: str) -> list[Row]:
    """A row a lane; what is the same in both stands in the first."""
    shared = _counts(teacher.calls, teacher.input_tokens, teacher.output_tokens)
    rows: list[Row] = []
    for name, lane in teacher.lanes.items():
        amounts = ("the teacher has none", "", "") if lane is None else _amounts(lane)
        # A lane changes what calls cost, not how many there are.
        rows.append((label, name, *shared, *amounts))
        label, shared = "", ("", "", "")
    return rows


def _total_row(plan: Plan, name: str, lane: Lane) -> Row:
    return ("in all", name, *_counts(plan.calls, plan.input_tokens, plan.output_tokens), *_amounts(lane))


def _counts(calls: Interval, input_tokens: Interval, output_tokens: Interval) -> tuple[str, str, str]:
    return _span(calls, _count), _span(input_tokens, _count), _span(output_tokens, _count)


def _amounts(lane: Lane) -> tuple[str, str, str]:
    most = "" if lane.cost_usd_at_most is None else _money(lane.cost_usd_at_most)
    time = _span(lane.hours, _time)
    if lane.jobs:
        time += f" in {lane.jobs:,} job{'s' * (lane.jobs > 1)}"
    return _span(lane.cost_usd, _money), most, time


def _span(amount: Interval | None, show: Callable[[float], str]) -> str:
    """Expected (low to high), as far as they are known and read differently."""
    if amount is None:
        return "unknown"
    if amount.high == inf:  # where a reply has no cap
        return f"{show(amount.low)} or more"
    if amount.expected is None and amount.low == 0 < amount.high:
        return f"up to {show(amount.high)}"
    # Ends that read the same are one number: "5", not "5-5".
    ends = list(dict.fromkeys((show(amount.low), show(amount.high))))
    if amount.expected is None or show(amount.expected) in ends:
        return DASH.join(ends)
    return f"{show(amount.expected)} ({DASH.join(ends)})"


def _table(rows: Sequence[Row]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def _key(teacher: PlannedTeacher) -> str:
    return f"key        {teacher.key_needed} is {'set' if teacher.key_present else 'not set'}"


def _budget(budget: Budget, *, judged: bool) -> str:
    line = f"budget     {_money(budget.left_usd)} of {_money(budget.budget_usd)} left"
    if budget.covers_high is None:
        return f"{line}; what it buys is unknown"
    if budget.covers_high:
        return f"{line}: enough, by the high estimate"
    rest = "; the judge is asked with what is left" if judged else ""
    return f"{line}: answers {_span(budget.prompts_bought, _count)} of the prompts that are owed{rest}"


def _training(training: TrainingMemory | None) -> str:
    if training is None:
        return "training   memory unknown: the base's sizes cannot be read on this machine"
    where, more = training.device, ""
    if training.needs_teacher:
        more = "; a teacher in memory beside it is not counted"
    if training.devices > 1:
        where = f"one of {training.devices} x {training.device}"
        launch = f"accelerate launch --num_processes {training.devices} -m pipeline.cli train RECIPE"
        more += f"; all {training.devices}: {launch}"
    need, has = _bytes(training.memory_bytes), _bytes(training.device_bytes)
    parts = ", ".join(f"{name} {_bytes(size)}" for name, size in training.parts_bytes.items())
    return f"training   about {need} of memory, of {has}: {where}, {training.settings}{more}\n           {parts}"


def _count(value: float) -> str:
    """To the last one below ten thousand, then to three digits."""
    if value < 10_000:
        return f"{value:,.0f}"
    size, unit = _unit_of(value, COUNT_UNITS)
    if value < 999.5 * size:
        return f"{value / size:.3g}{unit}"
    return f"{value / size:,.0f}{unit}"  # beyond the last unit, three digits would be an exponent


def _money(dollars: float) -> str:
    if 0 < dollars < 0.0001:
        return "<$0.0001"
    if dollars >= 1 or dollars == 0:
        return f"${dollars:,.2f}"
    return f"${dollars:.2g}"


def _time(hours: float) -> str:
    seconds = hours * 3600
    if seconds < 60:
        return f"{seconds:.0f} s"
    if hours < 1:
        return f"{seconds / 60:.0f} min"
    if hours < 999.5:
        return f"{hours:,.3g} h"
    return f"{hours:,.0f} h"


def _bytes(value: float) -> str:
    size, unit = _unit_of(value, BYTE_UNITS)
    return f"{value / size:,.3g} {unit}"


def _unit_of(value: float, units: Sequence[tuple[float, str]]) -> tuple[float, str]:
    """The largest unit that is not above the value, else the smallest."""
    for size, unit in units:
        if value >= size:
            return size, unit
    return units[-1]
