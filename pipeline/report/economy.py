"""What a call costs and how fast it is: the cost over the calls, the latency under load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report.charts.chart import Chart, chart
from pipeline.report.charts.plot import Axis, Mark, Series
from pipeline.report.charts.scales import Linear, Log, Steps
from pipeline.report.verdict import Evaluation
from pipeline.report.wording import DASH, dollars, large, number, seconds

Economics = Mapping[str, Any]

SPENT = ("teacher", "judge", "rescorer", "training", "total")
"""What a distillation costs, in the order it is shown."""


def cost_chart(economics: Economics) -> Chart | None:
    """What so many calls cost by the teacher, the student (its making included), the cascade; where they break even."""
    curve = economics.get("curve") or []
    series = [
        Series(name, name, [(one["calls"], one[f"{name}_usd"]) for one in curve if one.get(f"{name}_usd") is not None])
        for name in ("teacher", "student", "cascade")
    ]
    series = [one for one in series if one.points]
    if not series:
        return None
    calls = Axis("calls", Log.around(one["calls"] for one in curve), _power)
    total = Axis("dollars in all", Log.around(up for one in series for _, up in one.points), price_tick)
    rows = [(number(one["calls"]), *(dollars(one.get(f"{line.name}_usd")) for line in series)) for one in curve]
    columns = ("calls", *(line.name for line in series))
    return chart("Cost", calls, total, series, columns, rows, _break_even(economics, series))


def _break_even(economics: Economics, series: Sequence[Series]) -> list[Mark]:
    calls = economics.get("break_even_calls")
    student = next((one.points for one in series if one.name == "student"), ())
    if not calls or not student:
        return []
    nearest = min(student, key=lambda point: abs(point[0] - calls))
    return [Mark(f"break-even: {large(calls)} calls", (calls, nearest[1]))]


def load_chart(economics: Economics) -> Chart | None:
    """The student's latency by requests in flight; None where fewer than two concurrencies were measured."""
    loads = [one for one in (economics.get("student") or {}).get("loads") or [] if one.get("latency_p50_s")]
    if len(loads) < 2:
        return None
    series = [
        Series(name, kind, [(one["concurrency"], one[field]) for one in loads], dots=True)
        for name, kind, field in (("p50", "student", "latency_p50_s"), ("p95", "teacher", "latency_p95_s"))
    ]
    flight = Axis("requests in flight", Steps(tuple(one["concurrency"] for one in loads)), number)
    wait = Axis("latency", Linear.around([0, *(up for line in series for _, up in line.points)]), _wait)
    columns = ("in flight", "p50", "p95", "calls a second", "output tokens a second", "requests", "failed")
    rows = [
        (
            number(one["concurrency"]),
            seconds(one["latency_p50_s"]),
            seconds(one["latency_p95_s"]),
            *(number(one.get(name)) for name in ("calls_per_s", "output_tokens_per_s", "requests", "failed")),
        )
        for one in loads
    ]
    return chart("Latency", flight, wait, series, columns, rows)


def prices(evaluation: Evaluation) -> dict[str, str]:
    """What was paid and what is to be paid, in words; what is not known is a dash or a reason."""
    economics = evaluation.get("economics") or {}
    spent = economics.get("distillation_usd") or {}
    found = {f"distillation: {name}": dollars(spent.get(name)) for name in SPENT if spent}
    if not economics:
        return found
    student, teacher = economics.get("student") or {}, economics.get("teacher") or {}
    for name, one in (("teacher", teacher), ("student", student), ("cascade", economics.get("cascade") or {})):
        found[f"{name}, per 1,000 calls"] = priced(one)
    found |= {
        "price of the student's machine, an hour": dollars(economics.get("hourly_usd")),
        "break-even": _volume(economics),
        "student's calls an hour, at most": number(student.get("calls_per_hour")),
        "calls an hour from which its machine pays off": number(student.get("busy_calls_per_hour")),
        "student's peak memory": large(student.get("peak_memory_bytes"), "B"),
        "student's peak memory of the GPU": large(student.get("peak_gpu_bytes"), "B"),
        "what failed in measuring": student.get("failed") or DASH,
    }
    return {name: said for name, said in found.items() if said != DASH or "per 1,000" in name or "distillation" in name}


def priced(one: Mapping[str, Any]) -> str:
    """What 1,000 calls of `one` cost, with the interval where it has one."""
    ends = one.get("cost_per_1000_usd_ci95")
    between = f" ({dollars(ends[0])} to {dollars(ends[1])})" if ends else ""
    return dollars(one.get("cost_per_1000_usd")) + between


def _volume(economics: Economics) -> str:
    calls, reason = economics.get("break_even_calls"), economics.get("reason")
    if calls is None:
        return f"none: {reason}" if reason else "none"
    ends = economics.get("break_even_calls_ci95")
    between = f" ({number(ends[0])} to {'never' if ends[1] is None else number(ends[1])})" if ends else ""
    return f"{number(calls)} calls{between}"


def _power(value: float) -> str:
    return large(value).replace(".0", "")


def price_tick(value: float) -> str:
    """A round price, as an axis names it: $0.5, $10 k."""
    return f"${_power(value)}" if value >= 1000 else f"${round(value, 9):g}"


def _wait(value: float) -> str:
    return f"{round(value, 9):g} s"
