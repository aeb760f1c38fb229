"""The costs of calls in the end: when the distillation has paid for itself, and the totals. Pure; dollars."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipeline.run.evaluation.costs import BreakEven, CostPoint
from pipeline.run.evaluation.estimate import Ends, Estimate, Interval

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
    call_ci95: Interval | None = None
    """95 %, of a call's dollars."""

    def total_usd(self, calls: float) -> float | None:
        """Returns the dollars of so many calls."""
        if self.once_usd is None or self.call_usd is None:
            return None
        return self.once_usd + calls * self.call_usd


def per_call_usd(hourly_usd: float | None, calls_per_s: float | None) -> float | None:
    """Returns a call's share of an hour in which the machine has as much to do as it can."""
    if hourly_usd is None or not calls_per_s:
        return None
    return hourly_usd / (3600 * calls_per_s)


def break_even_of(new: Way, old: Way) -> BreakEven:
    """Returns the break-even volume with its interval, in whole calls, or the reason why there is none."""
    calls, reason = break_even(new, old)
    if calls is None:
        return BreakEven(None, reason)
    return BreakEven(Estimate(math.ceil(calls), break_even_ci95(new, old), None), None)


def break_even(new: Way, old: Way) -> tuple[float | None, str | None]:
    """Returns the calls at which both have cost the same, from which `new` is the cheaper; or None and the reason."""
    if old.call_usd is None:
        return None, f"what a call of the {old.name} costs is not known"
    if new.call_usd is None:
        return None, f"what a call of the {new.name} costs is not known"
    if new.once_usd is None:
        return None, "what the distillation cost is not known"
    saved_usd = old.call_usd - new.call_usd
    if saved_usd <= 0:
        return None, f"a call of the {new.name} is not cheaper than one of the {old.name}"
    calls = new.once_usd / saved_usd
    if calls > MOST_CALLS:
        return None, f"a call of the {new.name} is hardly cheaper than one of the {old.name}"
    return calls, None


def break_even_ci95(new: Way, old: Way) -> Ends | None:
    """Returns its interval where both calls' prices have one; an end is None where it may never pay, or hardly.

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
    if most <= 0:
        return None
    return _calls(new.once_usd, most), _calls(new.once_usd, least)


def _calls(once_usd: float, saved_usd: float) -> int | None:
    if saved_usd * MOST_CALLS <= once_usd:
        return None
    return math.ceil(once_usd / saved_usd)


def cost_curve(teacher: Way, student: Way, cascade: Way, at: float | None) -> tuple[CostPoint, ...]:
    """Returns the totals over numbers of calls, evenly spaced in their logarithm, past `at`.

    None at all where all totals are unknown.
    """
    if all(way.total_usd(1) is None for way in (teacher, student, cascade)):
        return ()
    # Ten times past the break-even point: the reader must see the lines part.
    decades = math.ceil(math.log10(max(1e6, 10 * (at or 0)) / LEAST_CALLS))
    numbers = np.geomspace(LEAST_CALLS, LEAST_CALLS * 10.0**decades, decades * POINTS_A_DECADE + 1)
    points = []
    for calls in map(round, numbers.tolist()):
        points.append(CostPoint(calls, teacher.total_usd(calls), student.total_usd(calls), cascade.total_usd(calls)))
    return tuple(points)
