"""The economics' part of evaluation.json, put together of what was measured and billed. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.evaluate.economics.config import Economics
from pipeline.evaluate.economics.costs import Way, break_even, break_even_ci95, cost_curve, per_call_usd
from pipeline.evaluate.economics.load import Load, Measured


@dataclass(slots=True, frozen=True)
class Facts:
    """All that is known of a run's costs. Dollars are None where a price is not known."""

    config: Economics
    student: Measured
    others: Mapping[str, Load]
    """The base and the exports, by name: one call after another."""
    teacher: Mapping[str, Any]
    """Its summary in evaluation.json, and what is in TEACHER_KEYS besides."""
    distillation_usd: Mapping[str, float | None]
    cascade: Mapping[str, Any] | None
    """The chosen point; None where there is none."""

    @property
    def student_usd(self) -> float | None:
        """Dollars of a call of the student."""
        return call_usd(self.config, self.student.loads)


COST = "cost_per_1000_usd"
TEACHER_KEYS = (
    *(COST, f"{COST}_ci95", "latency_p50_s", "latency_p95_s", "in_flight", "lane"),
    *("prompt_tokens_mean", "output_tokens_mean"),
)


def call_usd(config: Economics, loads: Sequence[Load]) -> float | None:
    """Dollars of a call at the concurrency that answers most calls; None where the price or the speed is not known."""
    return per_call_usd(config.hourly_usd, max((load.calls_per_s for load in loads), default=None))


def assemble(facts: Facts) -> dict[str, Any]:
    """What evaluation.json holds under `economics`."""
    teacher = Way("teacher", 0.0, _call_usd(facts.teacher))
    once_usd = facts.distillation_usd["total"]
    student = Way("student", once_usd, facts.student_usd)
    cascade = Way("cascade", once_usd, _call_usd(facts.cascade or {}))
    calls, reason = break_even(student, teacher)
    return {
        "hourly_usd": facts.config.hourly_usd,
        "student": _student(facts, teacher.call_usd),
        "others": {name: _other(facts.config, load) for name, load in facts.others.items()},
        "teacher": {key: facts.teacher.get(key) for key in TEACHER_KEYS},
        "distillation_usd": dict(facts.distillation_usd),
        "break_even_calls": None if calls is None else math.ceil(calls),
        "break_even_calls_ci95": _ci95(student, facts.teacher) if calls is not None else None,
        "reason": reason,
        "cascade": _cascade(cascade, teacher) if facts.cascade is not None else None,
        "curve": cost_curve(teacher, student, cascade, calls),
    }


def _student(facts: Facts, teacher_call_usd: float | None) -> dict[str, Any]:
    """`busy_calls_per_hour`: from how many calls an hour a machine rented around the clock beats the teacher."""
    measured, hourly_usd = facts.student, facts.config.hourly_usd
    best = max(measured.loads, key=lambda load: load.calls_per_s, default=None)
    return {
        COST: _per_1000(facts.student_usd),
        "cost_at_concurrency": None if best is None else best.concurrency,
        "calls_per_hour": None if best is None else 3600 * best.calls_per_s,
        "busy_calls_per_hour": None if hourly_usd is None or not teacher_call_usd else hourly_usd / teacher_call_usd,
        "loads": [asdict(load) for load in measured.loads],
        "peak_memory_bytes": measured.peak_memory_bytes,
        "peak_gpu_bytes": measured.peak_gpu_bytes,
        "failed": measured.failed,
    }


def _other(config: Economics, load: Load) -> dict[str, Any]:
    return {COST: _per_1000(call_usd(config, [load])), "loads": [asdict(load)]}


def _cascade(cascade: Way, teacher: Way) -> dict[str, Any]:
    calls, reason = break_even(cascade, teacher)
    return {
        COST: _per_1000(cascade.call_usd),
        "break_even_calls": None if calls is None else math.ceil(calls),
        "reason": reason,
    }


def _call_usd(values: Mapping[str, Any]) -> float | None:
    found = values.get(COST)
    return None if found is None else float(found) / 1000


def _per_1000(usd: float | None) -> float | None:
    return None if usd is None else 1000 * usd


def _ci95(student: Way, teacher: Mapping[str, Any]) -> list[int | None] | None:
    known = teacher.get(f"{COST}_ci95")
    found = None if known is None else break_even_ci95(student, [usd / 1000 for usd in known])
    return None if found is None else [None if end is None else math.ceil(end) for end in found]
