"""What a call costs and how fast it is: the cost over the calls, the cascade, the latency under load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report.charts.chart import Chart, chart
from pipeline.report.charts.plot import Axis, Mark, Series
from pipeline.report.charts.scales import Linear, Log, Steps
from pipeline.report.verdict import Evaluation
from pipeline.report.wording import dollars, interval, large, number, seconds, share

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
    total = Axis("dollars in all", Log.around(up for one in series for _, up in one.points), _price)
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


def cascade_chart(cascade: Mapping[str, Any]) -> Chart | None:
    """The score against the cost, or, where that is not known, against the share that is handed over."""
    curve = cascade.get("curve") or []
    priced = [one for one in curve if one.get("cost_per_1000_usd") is not None]
    field = "cost_per_1000_usd" if priced else "handed_over"
    curve = sorted(priced or curve, key=lambda one: one[field])
    if len(curve) < 2:
        return None
    band = [(one[field], *one["ci95"]) for one in curve if one.get("ci95")]
    line = Series("cascade", "cascade", [(one[field], one["score"]) for one in curve], band)
    title = "dollars per 1,000 calls" if priced else "share of calls handed over"
    across = Axis(title, Linear.around(one[field] for one in curve), _price if priced else _short)
    ends = [value for _, low, high in band for value in (low, high)]
    up = Axis("score", Linear.around([*ends, *(one["score"] for one in curve)], 0, 1), _short)
    rows = [
        (f"{one['threshold']:.3g}", share(one["handed_over"]), share(one["score"]), interval(one.get("ci95")),
         dollars(one.get("cost_per_1000_usd")))
        for one in curve
    ]  # fmt: skip
    columns = ("confidence below", "handed over", "score", "95 % interval", "per 1,000 calls")
    return chart("Cascade", across, up, [line], columns, rows, _chosen(cascade, field))


def _chosen(cascade: Mapping[str, Any], field: str) -> list[Mark]:
    chosen = cascade.get("chosen")
    if not chosen or chosen.get(field) is None:
        return []
    return [Mark(f"chosen: {chosen['threshold']:.3g}", (chosen[field], chosen["score"]))]


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
    for name in ("teacher", "student"):
        if one := economics.get(name):
            found[f"{name}, per 1,000 calls"] = dollars(one.get("cost_per_1000_usd"))
    if economics:
        found["price of the student's machine, an hour"] = dollars(economics.get("hourly_usd"))
        found["break-even"] = _volume(economics)
        memory = (economics.get("student") or {}).get("peak_memory_bytes")
        found["student's peak memory"] = large(memory, "B")
    return found


def _volume(economics: Economics) -> str:
    calls, reason = economics.get("break_even_calls"), economics.get("reason")
    if calls is None:
        return f"none: {reason}" if reason else "none"
    ends = economics.get("break_even_calls_ci95")
    between = f" ({number(ends[0])} to {number(ends[1])})" if ends else ""
    return f"{number(calls)} calls{between}"


def cascade_facts(cascade: Mapping[str, Any]) -> dict[str, str]:
    """The chosen point in words, and how well confidence tells right from wrong."""
    chosen, found = cascade.get("chosen"), {}
    if chosen:
        found = {
            "ask the teacher where confidence is below": f"{chosen['threshold']:.4g}",
            "handed over": share(chosen["handed_over"]),
            "score": f"{share(chosen['score'])} ({interval(chosen.get('ci95'))})",
            "teacher's score on the same rows": share(chosen.get("teacher_score")),
            "per 1,000 calls": dollars(chosen.get("cost_per_1000_usd")),
            "rows it is reported on": number(chosen.get("rows")),
        }
    elif cascade.get("reason"):
        found = {"chosen point": f"none: {cascade['reason']}"}
    auc = cascade.get("confidence_auc")
    if auc and auc.get("value") is not None:
        found["AUC of confidence against right and wrong"] = f"{share(auc['value'])} ({interval(auc.get('ci95'))})"
    return found


def _power(value: float) -> str:
    return large(value).replace(".0", "")


def _price(value: float) -> str:
    return f"${_power(value)}" if value >= 1000 else f"${round(value, 9):g}"


def _wait(value: float) -> str:
    return f"{round(value, 9):g} s"


def _short(value: float) -> str:
    return f"{value:.2f}"
