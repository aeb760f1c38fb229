"""The economics' part of evaluation.json, put together of what was measured and billed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.evaluate.economics.costs import Way, break_even_of, cost_curve, per_call_usd
from pipeline.evaluate.economics.load import LoadMeasurement
from pipeline.recipe.economics import Economics as Config
from pipeline.run.evaluation.costs import (
    BreakEven,
    CascadeCosts,
    ChosenPoint,
    Distillation,
    Economics,
    Load,
    OtherCosts,
    StudentCosts,
    TeacherCosts,
)
from pipeline.run.evaluation.estimate import Estimate, Interval


@dataclass(slots=True, frozen=True)
class Facts:
    """All that is known of a run's costs. Dollars are None where a price is not known."""

    config: Config
    student: LoadMeasurement
    others: Mapping[str, Load]
    """The base and the exports, by name: one call after another."""
    teacher: TeacherCosts
    distillation_usd: Distillation
    chosen: ChosenPoint | None
    """Of the cascade; None where there is none."""


def best(loads: Sequence[Load]) -> Load | None:
    """Returns the load that answers most calls."""
    return max(loads, key=lambda load: load.calls_per_s.value, default=None)


def call_usd(config: Config, loads: Sequence[Load]) -> float | None:
    """Returns the dollars of a call at the best concurrency; None where the price or the speed is not known."""
    load = best(loads)
    if load is None:
        return None
    return per_call_usd(config.hourly_usd, load.calls_per_s.value)


def call_ci95(config: Config, loads: Sequence[Load]) -> Interval | None:
    """Returns the interval of a call's dollars: that of the speed, turned round."""
    load = best(loads)
    if load is None or load.calls_per_s.interval is None:
        return None
    slow, fast = load.calls_per_s.interval  # the slow end is the dear one
    least, most = per_call_usd(config.hourly_usd, fast), per_call_usd(config.hourly_usd, slow)
    if least is None or most is None:
        return None
    return least, most


def assemble(facts: Facts) -> Economics:
    """Puts the record together."""
    once_usd = facts.distillation_usd.total
    # The teacher is there already: before its first call nothing is paid.
    teacher = _priced("teacher", 0.0, facts.teacher.cost_per_1000_usd)
    student = _served("student", once_usd, facts.config, facts.student.loads)
    cascade, cascade_costs = Way("cascade", once_usd, None), None
    if facts.chosen is not None:
        cascade = _priced("cascade", once_usd, facts.chosen.cost_per_1000_usd)
        cascade_costs = CascadeCosts(_per_1000(cascade, None), break_even_of(cascade, teacher))
    break_even = break_even_of(student, teacher)
    return Economics(
        hourly_usd=facts.config.hourly_usd,
        student=_student(facts, student, teacher),
        others={name: _other(facts.config, load) for name, load in facts.others.items()},
        teacher=facts.teacher,
        distillation_usd=facts.distillation_usd,
        break_even=break_even,
        cascade=cascade_costs,
        curve=cost_curve(teacher, student, cascade, _volume(break_even)),
    )


def _volume(break_even: BreakEven) -> float | None:
    if break_even.calls is None:
        return None
    return break_even.calls.value


def _student(facts: Facts, student: Way, teacher: Way) -> StudentCosts:
    measured, load = facts.student, best(facts.student.loads)
    concurrency = calls = calls_per_hour = None
    if load is not None:
        concurrency, calls = load.concurrency, load.calls
        per_s = load.calls_per_s
        calls_per_hour = Estimate(3600 * per_s.value, _times(3600, per_s.interval), calls)
    return StudentCosts(
        cost_per_1000_usd=_per_1000(student, calls),
        cost_at_concurrency=concurrency,
        calls_per_hour=calls_per_hour,
        busy_calls_per_hour=_busy_calls(facts.config.hourly_usd, teacher),
        loads=measured.loads,
        peak_memory_bytes=measured.peak_memory_bytes,
        peak_gpu_bytes=measured.peak_gpu_bytes,
        failed=measured.failed,
    )


def _busy_calls(hourly_usd: float | None, teacher: Way) -> Estimate | None:
    if hourly_usd is None or not teacher.call_usd:
        return None
    ci95 = None
    if teacher.call_ci95 is not None:
        cheap, dear = teacher.call_ci95
        # The dearer a call of the teacher, the fewer of them pay for the machine.
        ci95 = hourly_usd / dear, hourly_usd / cheap
    return Estimate(hourly_usd / teacher.call_usd, ci95, None)


def _other(config: Config, load: Load) -> OtherCosts:
    return OtherCosts(_per_1000(_served("other", None, config, [load]), load.calls), (load,))


def _served(name: str, once_usd: float | None, config: Config, loads: Sequence[Load]) -> Way:
    return Way(name, once_usd, call_usd(config, loads), call_ci95(config, loads))


def _priced(name: str, once_usd: float | None, per_1000_usd: Estimate | None) -> Way:
    if per_1000_usd is None:
        return Way(name, once_usd, None)
    return Way(name, once_usd, per_1000_usd.value / 1000, _times(1e-3, per_1000_usd.interval))


def _per_1000(way: Way, calls: int | None) -> Estimate | None:
    if way.call_usd is None:
        return None
    return Estimate(1000 * way.call_usd, _times(1000, way.call_ci95), calls)


def _times(factor: float, interval: Interval | None) -> Interval | None:
    if interval is None:
        return None
    low, high = interval
    return factor * low, factor * high
