"""The price and the speed of a call: the cost over the calls, the latency under load."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pipeline.display.wording import DASH, dollars, large, mean, number, seconds
from pipeline.report.charts.chart import Chart, Table, chart
from pipeline.report.charts.plot import Axis, Mark, Plot, Series
from pipeline.report.charts.scales import Linear, Log, Steps
from pipeline.report.estimates import counted, known_lines, price
from pipeline.run.evaluation.costs import BreakEven, CostPoint, Distillation, Economics, Load
from pipeline.run.evaluation.estimate import Estimate, Number

PRICED_BY = "evaluate.economics.hourly_usd prices the student and its training, teacher.price the teacher's calls."
WAYS: dict[str, Callable[[CostPoint], float | None]] = {
    "teacher": lambda point: point.teacher_usd,
    "student": lambda point: point.student_usd,
    "cascade": lambda point: point.cascade_usd,
}
"""The ways of having calls answered, by the name of their line."""
LOAD_COLUMNS = ("in flight", "calls", "failed", "p50", "p95", "calls a second", "output tokens a second")


def cost_chart(economics: Economics) -> Chart | None:
    """Draws what so many calls cost by the teacher, the student (its making included), the cascade.

    A mark stands where student and teacher break even.
    """
    curve = economics.curve
    series = []
    for name, read in WAYS.items():
        points = _points(curve, read)
        if points:
            series.append(Series(name, name, points))
    if not series:
        return None
    plot = Plot(
        Axis("calls", Log.around(point.calls for point in curve), _power),
        Axis("dollars in all", Log.around(_totals(series)), price_tick),
        series,
        _break_even(economics.break_even, series),
    )
    names = [line.name for line in series]
    rows = [_costs(point, names) for point in curve]
    return chart("Cost", plot, Table(("calls", *names), rows))


def _costs(point: CostPoint, names: Sequence[str]) -> tuple[str, ...]:
    return number(point.calls), *(dollars(WAYS[name](point)) for name in names)


def _points(curve: Sequence[CostPoint], read: Callable[[CostPoint], float | None]) -> list[tuple[float, float]]:
    points = []
    for point in curve:
        usd = read(point)
        if usd is not None:
            points.append((float(point.calls), usd))
    return points


def _totals(series: Sequence[Series]) -> Iterator[float]:
    for line in series:
        yield from (total for _, total in line.points)


def _break_even(break_even: BreakEven, series: Sequence[Series]) -> list[Mark]:
    student = [line for line in series if line.name == "student"]
    if break_even.calls is None or not break_even.calls.value or not student:
        return []
    calls = break_even.calls.value
    # The mark stands on the student's line, where the curve has its nearest point.
    nearest = min(student[0].points, key=lambda point: abs(point[0] - calls))
    return [Mark(f"break-even: {large(calls)} calls", (calls, nearest[1]))]


def load_chart(economics: Economics) -> Chart | None:
    """Draws the student's latency by requests in flight; None where fewer than two concurrencies were measured."""
    p50, p95, loads = [], [], []
    for load in economics.student.loads:
        if load.latency_p50_s is not None and load.latency_p95_s is not None:
            loads.append(load)
            p50.append((load.concurrency, load.latency_p50_s))
            p95.append((load.concurrency, load.latency_p95_s))
    if len(loads) < 2:
        return None
    series = [_latencies("p50", "student", p50), _latencies("p95", "teacher", p95)]
    plot = Plot(
        Axis("requests in flight", Steps(tuple(load.concurrency for load in loads)), number),
        Axis("latency", Linear.around([0, *_heights(series)]), _wait),
        series,
    )
    return chart("Latency", plot, Table(LOAD_COLUMNS, [_load(load) for load in loads]))


def _latencies(name: str, kind: str, latencies: Sequence[tuple[int, Estimate]]) -> Series:
    points = [(concurrency, latency.value) for concurrency, latency in latencies]
    return Series(name, kind, points, _band(latencies), dots=True)


def _band(latencies: Sequence[tuple[int, Estimate]]) -> list[tuple[float, float, float]]:
    """Returns the interval at each concurrency; none at all where one of them has no end."""
    band: list[tuple[float, float, float]] = []
    for concurrency, latency in latencies:
        if latency.interval is None:
            return []
        band.append((concurrency, *latency.interval))
    return band


def _heights(series: Sequence[Series]) -> Iterator[float]:
    for line in series:
        yield from (up for _, up in line.points)
        yield from (high for _, _, high in line.band)


def _load(load: Load) -> tuple[str, ...]:
    return (
        number(load.concurrency),
        number(load.calls),
        number(load.failed),
        counted(seconds, load.latency_p50_s),
        counted(seconds, load.latency_p95_s),
        counted(mean, load.calls_per_s),
        counted(mean, load.output_tokens_per_s),
    )


def prices(economics: Economics) -> dict[str, str]:
    """Says what was paid and what is to be paid; what has no price is named once, with what gives it one."""
    student = economics.student
    lines = _distillation(economics.distillation_usd) | _per_1000(economics)
    unknown = [name for name, text in lines.items() if text == DASH]
    lines |= {
        "price of the student's machine, an hour": _exact(economics.hourly_usd, dollars),
        "break-even": _volume(economics.break_even),
        "student's calls an hour, at most": counted(mean, student.calls_per_hour, _calls(student.calls_per_hour)),
        "calls an hour from which its machine pays off": counted(mean, student.busy_calls_per_hour),
        "student's peak memory": _exact(student.peak_memory_bytes, _bytes),
        "student's peak memory of the GPU": _exact(student.peak_gpu_bytes, _bytes),
        "what failed in measuring": student.failed or DASH,
    }
    if unknown:
        lines["not known"] = f"{'; '.join(unknown)}. {PRICED_BY}"
    return known_lines(lines)


def _distillation(spent: Distillation) -> dict[str, str]:
    """Returns what each part cost; a part that nobody was asked for is left out."""
    parts = {
        "teacher": spent.teacher,
        "judge": spent.judge,
        "rescorer": spent.rescorer,
        "training": spent.training,
        "total": spent.total,
    }
    return {f"distillation: {name}": _exact(usd, dollars) for name, usd in parts.items() if usd != 0}


def _per_1000(economics: Economics) -> dict[str, str]:
    teacher, student = economics.teacher.cost_per_1000_usd, economics.student.cost_per_1000_usd
    cascade = DASH
    if economics.cascade is not None:
        cascade = price(economics.cascade.cost_per_1000_usd)
    return {
        "teacher, per 1,000 calls": price(teacher, _calls(teacher)),
        "student, per 1,000 calls": price(student, _calls(student)),
        "cascade, per 1,000 calls": cascade,
    }


def _calls(estimate: Estimate | None) -> int | None:
    if estimate is None:
        return None
    return estimate.n


def _bytes(value: float | None) -> str:
    return large(value, "B")


def _exact(value: float | None, show: Callable[[Any], str]) -> str:
    """Writes what was given or counted, not estimated."""
    if value is None:
        return DASH
    return f"{show(value)}, exact"


def _volume(break_even: BreakEven) -> str:
    calls = break_even.calls
    if calls is None:
        if break_even.reason:
            return f"none: {break_even.reason}"
        return "none"
    if calls.ci95 is None:
        return f"{number(calls.value)} calls"
    low, high = calls.ci95
    return f"{number(calls.value)} calls ({_volume_end(low)} to {_volume_end(high)})"


def _volume_end(calls: Number | None) -> str:
    if calls is None:
        return "never"
    return number(calls)


def _power(value: float) -> str:
    return large(value).replace(".0", "")


def price_tick(value: float) -> str:
    """Writes a round price, as an axis names it: $0.5, $10 k."""
    if value >= 1000:
        return f"${_power(value)}"
    return f"${round(value, 9):g}"


def _wait(value: float) -> str:
    return f"{round(value, 9):g} s"
