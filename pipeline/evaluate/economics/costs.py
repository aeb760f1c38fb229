"""What calls cost in the end: when the distillation has paid for itself, and the totals. Pure; dollars."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

LEAST_CALLS, MOST_CALLS = 100, 1e15
"""Where a chart begins, and where nobody looks any further."""

POINTS_A_DECADE = 8


@dataclass(slots=True, frozen=True)
class Way:
    """One way of having calls answered. None where a price is not known, never 0 by guess."""

    name: str
    once_usd: float | None
    """Before the first call."""
    call_usd: float | None
    call_ci95: tuple[float, float] | None = None
    """95 %, of a call's dollars."""

    def total_usd(self, calls: float) -> float | None:
        """Of so many calls."""
        return None if self.once_usd is None or self.call_usd is None else self.once_usd + calls * self.call_usd


def per_call_usd(hourly_usd: float | None, calls_per_s: float | None) -> float | None:
    """A call's share of an hour in which the machine has as much to do as it can."""
    return None if hourly_usd is None or not calls_per_s else hourly_usd / (3600 * calls_per_s)


def break_even(new: Way, old: Way) -> tuple[float | None, str | None]:
    """The number of calls at which both have cost the same, from which `new` is the cheaper; or None and the reason."""
    if old.call_usd is None or new.call_usd is None:
        unknown = old if old.call_usd is None else new
        return None, f"what a call of the {unknown.name} costs is not known"
    if new.once_usd is None:
        return None, "what the distillation cost is not known"
    saved_usd = old.call_usd - new.call_usd
    if saved_usd <= 0:
        return None, f"a call of the {new.name} is not cheaper than one of the {old.name}"
    calls = new.once_usd / saved_usd
    if calls > MOST_CALLS:
        return None, f"a call of the {new.name} is hardly cheaper than one of the {old.name}"
    return calls, None


def break_even_ci95(new: Way, old: Way) -> list[int | None] | None:
    """Its interval where both calls' prices have one; an end is None where it may never pay, or hardly.

    Of what a call saves, the interval is put together of the two prices' by MOVER (Zou and Donner 2008, Statistics in
    Medicine 27:1693-1702), as of independent measurements. What the distillation cost was billed, and is exact.
    """
    if new.once_usd is None or new.call_usd is None or old.call_usd is None:
        return None
    if new.call_ci95 is None or old.call_ci95 is None:
        return None
    saved_usd = old.call_usd - new.call_usd
    least = saved_usd - math.hypot(old.call_usd - old.call_ci95[0], new.call_ci95[1] - new.call_usd)
    most = saved_usd + math.hypot(old.call_ci95[1] - old.call_usd, new.call_usd - new.call_ci95[0])
    return None if most <= 0 else [_calls(new.once_usd, most), _calls(new.once_usd, least)]


def _calls(once_usd: float, saved_usd: float) -> int | None:
    return math.ceil(once_usd / saved_usd) if saved_usd * MOST_CALLS > once_usd else None


def cost_curve(teacher: Way, student: Way, cascade: Way, at: float | None) -> list[dict[str, Any]]:
    """The totals over numbers of calls, evenly spaced in their logarithm, past `at`; empty where all are unknown."""
    ways = (teacher, student, cascade)
    if all(way.total_usd(1) is None for way in ways):
        return []
    decades = math.ceil(math.log10(max(1e6, 10 * (at or 0)) / LEAST_CALLS))
    numbers = np.geomspace(LEAST_CALLS, LEAST_CALLS * 10.0**decades, decades * POINTS_A_DECADE + 1)
    return [
        {"calls": calls, **{f"{way.name}_usd": way.total_usd(calls) for way in ways}}
        for calls in map(round, numbers.tolist())
    ]
