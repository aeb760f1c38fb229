"""What a call costs and how fast it is: the cost over the calls, the latency under load."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.display.wording import DASH, counted, dollars, large, mean, number, seconds
from pipeline.report.charts.chart import Chart, chart
from pipeline.report.charts.plot import Axis, Mark, Series
from pipeline.report.charts.scales import Linear, Log, Steps
from pipeline.report.headline import Evaluation

Economics = Mapping[str, Any]

SPENT = ("teacher", "judge", "rescorer", "training", "total")
"""What a distillation costs, in the order it is shown."""
PRICED_BY = "evaluate.economics.hourly_usd prices the student and its training, teacher.price the teacher's calls."


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
        Series(name, kind, [(one["concurrency"], one[field]) for one in loads], _band(loads, field), dots=True)
        for name, kind, field in (("p50", "student", "latency_p50_s"), ("p95", "teacher", "latency_p95_s"))
    ]
    flight = Axis("requests in flight", Steps(tuple(one["concurrency"] for one in loads)), number)
    wait = Axis("latency", Linear.around([0, *_heights(series)]), _wait)
    columns = ("in flight", "calls", "failed", "p50", "p95", "calls a second", "output tokens a second")
    rows = [_load(one) for one in loads]
    return chart("Latency", flight, wait, series, columns, rows)


def _band(loads: Sequence[Mapping[str, Any]], field: str) -> list[tuple[float, float, float]]:
    """Its interval at each concurrency; none at all where one of them has no end."""
    ends = [one.get(f"{field}_ci95") or (None, None) for one in loads]
    if any(None in pair for pair in ends):
        return []
    return [(one["concurrency"], *pair) for one, pair in zip(loads, ends, strict=True)]


def _heights(series: Sequence[Series]) -> Iterator[float]:
    for line in series:
        yield from (up for _, up in line.points)
        yield from (high for _, _, high in line.band)


def _load(one: Mapping[str, Any]) -> tuple[str, ...]:
    counts = (one["concurrency"], one["requests"] - one["failed"], one["failed"])
    told = {"latency_p50_s": seconds, "latency_p95_s": seconds, "calls_per_s": mean, "output_tokens_per_s": mean}
    cells = (counted(show, one.get(key), one.get(f"{key}_ci95"), None) for key, show in told.items())
    return *map(number, counts), *cells


def prices(evaluation: Evaluation) -> dict[str, str]:
    """What was paid and what is to be paid, in words; what has no price is named once, with what gives it one."""
    economics = evaluation.get("economics") or {}
    if not economics:
        return {}
    spent, student = economics.get("distillation_usd") or {}, economics.get("student") or {}
    found = {f"distillation: {name}": _exact(spent[name], dollars) for name in SPENT if spent.get(name) != 0 and spent}
    for who in ("teacher", "student", "cascade"):
        found[f"{who}, per 1,000 calls"] = priced(economics.get(who) or {})
    unknown = [name for name, said in found.items() if said == DASH]
    memory = {"peak memory": "peak_memory_bytes", "peak memory of the GPU": "peak_gpu_bytes"}
    found |= {
        "price of the student's machine, an hour": _exact(economics.get("hourly_usd"), dollars),
        "break-even": _volume(economics),
        "student's calls an hour, at most": _told(student, "calls_per_hour"),
        "calls an hour from which its machine pays off": _told(student, "busy_calls_per_hour"),
        **{f"student's {name}": _exact(student.get(key), _bytes) for name, key in memory.items()},
        "what failed in measuring": student.get("failed") or DASH,
        "not known": f"{'; '.join(unknown)}. {PRICED_BY}" if unknown else DASH,
    }
    return {name: said for name, said in found.items() if said != DASH}


def _bytes(value: float | None) -> str:
    return large(value, "B")


def _exact(value: float | None, show: Callable[[Any], str]) -> str:
    """What was given or counted, not estimated."""
    return DASH if value is None else f"{show(value)}, exact"


def _told(student: Mapping[str, Any], key: str) -> str:
    return counted(mean, student.get(key), student.get(f"{key}_ci95"), student.get(f"{key}_n"))


def priced(one: Mapping[str, Any]) -> str:
    """What 1,000 calls of `one` cost, with interval and count where they are known."""
    key = "cost_per_1000_usd"
    calls = one.get(f"{key}_n") or one.get("calls_per_hour_n")
    return counted(dollars, one.get(key), one.get(f"{key}_ci95"), calls)


def _volume(economics: Economics) -> str:
    calls, reason = economics.get("break_even_calls"), economics.get("reason")
    if calls is None:
        return f"none: {reason}" if reason else "none"
    ends = economics.get("break_even_calls_ci95")
    between = f" ({_volume_end(ends[0])} to {_volume_end(ends[1])})" if ends else ""
    return f"{number(calls)} calls{between}"


def _volume_end(calls: float | None) -> str:
    return "never" if calls is None else number(calls)


def _power(value: float) -> str:
    return large(value).replace(".0", "")


def price_tick(value: float) -> str:
    """A round price, as an axis names it: $0.5, $10 k."""
    return f"${_power(value)}" if value >= 1000 else f"${round(value, 9):g}"


def _wait(value: float) -> str:
    return f"{round(value, 9):g} s"
