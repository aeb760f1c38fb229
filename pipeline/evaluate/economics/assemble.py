"""The economics' part of evaluation.json, put together of what was measured and billed. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.evaluate.comparison.usage import COST
from pipeline.evaluate.economics.costs import Way, break_even, break_even_ci95, cost_curve, per_call_usd
from pipeline.evaluate.economics.load import Load, LoadMeasurement
from pipeline.recipe.economics import Economics


@dataclass(slots=True, frozen=True)
class Facts:
    """All that is known of a run's costs. Dollars are None where a price is not known."""

    config: Economics
    student: LoadMeasurement
    others: Mapping[str, Load]
    """The base and the exports, by name: one call after another."""
    teacher: Mapping[str, Any]
    """Its summary in evaluation.json, and what is in TEACHER_KEYS besides."""
    distillation_usd: Mapping[str, float | None]
    cascade: Mapping[str, Any] | None
    """The chosen point; None where there is none."""


COUNTED = (COST, "latency_p50_s", "latency_p95_s", "prompt_tokens_mean", "output_tokens_mean")
TEACHER_KEYS = (*(f"{key}{end}" for key in COUNTED for end in ("", "_ci95", "_n")), "in_flight", "lane")


def best(loads: Sequence[Load]) -> Load | None:
    """The concurrency that answers most calls."""
    return max(loads, key=lambda load: load.calls_per_s, default=None)


def call_usd(config: Economics, loads: Sequence[Load]) -> float | None:
    """Dollars of a call at the best concurrency; None where the price or the speed is not known."""
    load = best(loads)
    return None if load is None else per_call_usd(config.hourly_usd, load.calls_per_s)


def call_ci95(config: Economics, loads: Sequence[Load]) -> tuple[float, float] | None:
    """Its interval: that of the speed, turned round."""
    load = best(loads)
    slow, fast = (None, None) if load is None or load.calls_per_s_ci95 is None else load.calls_per_s_ci95
    least, most = per_call_usd(config.hourly_usd, fast), per_call_usd(config.hourly_usd, slow)
    return None if least is None or most is None else (least, most)


def assemble(facts: Facts) -> dict[str, Any]:
    """What evaluation.json holds under `economics`."""
    once_usd = facts.distillation_usd["total"]
    teacher = _way("teacher", 0.0, facts.teacher)
    student = _served("student", once_usd, facts.config, facts.student.loads)
    cascade = _way("cascade", once_usd, facts.cascade or {})
    volume = _break_even(student, teacher)
    return {
        "hourly_usd": facts.config.hourly_usd,
        "student": _student(facts, student, teacher),
        "others": {name: _other(facts.config, load) for name, load in facts.others.items()},
        "teacher": {key: facts.teacher.get(key) for key in TEACHER_KEYS},
        "distillation_usd": dict(facts.distillation_usd),
        **volume,
        "cascade": _per_1000(cascade) | _break_even(cascade, teacher) if facts.cascade is not None else None,
        "curve": cost_curve(teacher, student, cascade, volume["break_even_calls"]),
    }


def _student(facts: Facts, student: Way, teacher: Way) -> dict[str, Any]:
    """`busy_calls_per_hour`: from how many calls an hour a machine rented around the clock beats the teacher."""
    measured, load, hourly_usd = facts.student, best(facts.student.loads), facts.config.hourly_usd
    busy = None if hourly_usd is None or not teacher.call_usd else hourly_usd / teacher.call_usd
    return {
        **_per_1000(student),
        "cost_at_concurrency": None if load is None else load.concurrency,
        "calls_per_hour": None if load is None else 3600 * load.calls_per_s,
        "calls_per_hour_ci95": None if load is None else _times(3600, load.calls_per_s_ci95),
        "calls_per_hour_n": None if load is None else load.requests - load.failed,
        "busy_calls_per_hour": busy,
        "busy_calls_per_hour_ci95": _shared(hourly_usd, teacher.call_ci95) if busy is not None else None,
        "loads": [asdict(load) for load in measured.loads],
        "peak_memory_bytes": measured.peak_memory_bytes,
        "peak_gpu_bytes": measured.peak_gpu_bytes,
        "failed": measured.failed,
    }


def _other(config: Economics, load: Load) -> dict[str, Any]:
    return {**_per_1000(_served("other", None, config, [load])), "loads": [asdict(load)]}


def _break_even(new: Way, teacher: Way) -> dict[str, Any]:
    calls, reason = break_even(new, teacher)
    return {
        "break_even_calls": None if calls is None else math.ceil(calls),
        "break_even_calls_ci95": None if calls is None else break_even_ci95(new, teacher),
        "reason": reason,
    }


def _served(name: str, once_usd: float | None, config: Economics, loads: Sequence[Load]) -> Way:
    return Way(name, once_usd, call_usd(config, loads), call_ci95(config, loads))


def _way(name: str, once_usd: float | None, values: Mapping[str, Any]) -> Way:
    """Of a part of evaluation.json that has a price of 1,000 calls."""
    usd, ends = values.get(COST), _times(1e-3, values.get(f"{COST}_ci95"))
    return Way(name, once_usd, None if usd is None else usd / 1000, None if ends is None else (ends[0], ends[1]))


def _per_1000(way: Way) -> dict[str, Any]:
    usd = None if way.call_usd is None else 1000 * way.call_usd
    return {COST: usd, f"{COST}_ci95": _times(1000, way.call_ci95)}


def _times(factor: float, ends: Sequence[float] | None) -> list[float] | None:
    return None if ends is None else [factor * end for end in ends]


def _shared(hourly_usd: float | None, call_ci95: Sequence[float] | None) -> list[float] | None:
    return None if hourly_usd is None or call_ci95 is None else [hourly_usd / end for end in reversed(call_ci95)]
