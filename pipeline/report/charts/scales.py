"""Scales: where a value stands along an axis, and which values the axis names."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


class Scale(Protocol):
    """From values to 0 (an axis' beginning) to 1 (its end); what lies beyond is put at the nearer end."""

    def share(self, value: float) -> float:
        """Returns where the value stands, 0 to 1."""
        ...

    def ticks(self) -> list[float]:
        """Returns the values to name, ascending, all within the scale."""
        ...


@dataclass(slots=True, frozen=True)
class Linear:
    """Equal steps are equally far. `low` < `high`."""

    low: float
    high: float
    step: float

    @classmethod
    def around(cls, values: Iterable[float], low: float = -math.inf, high: float = math.inf, parts: int = 5) -> Linear:
        """Returns the least scale that ends on round numbers and holds all values between `low` and `high`."""
        known = [min(max(value, low), high) for value in values if math.isfinite(value)] or [0.0]
        least, most = min(known), max(known)
        if least == most:  # a scale of one value has no step
            pad = abs(least) * 0.1 or 0.5
            least, most = least - pad, most + pad
        step = _round_step((most - least) / parts)
        # 1e-9: an end that is a multiple of the step but for its last digits is that multiple.
        ends = math.floor(least / step + 1e-9) * step, math.ceil(most / step - 1e-9) * step
        return cls(max(ends[0], low), min(ends[1], high), step)

    def share(self, value: float) -> float:
        """Returns where the value stands, 0 to 1."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def ticks(self) -> list[float]:
        """Returns the multiples of the step."""
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        return [place * self.step for place in range(first, last + 1)]


@dataclass(slots=True, frozen=True)
class Log:
    """Equal ratios are equally far, from a power of ten to another."""

    first: int
    last: int

    @classmethod
    def around(cls, values: Iterable[float]) -> Log:
        """Returns the least scale that holds all values above 0."""
        known = [value for value in values if value > 0 and math.isfinite(value)] or [1.0]
        first = math.floor(math.log10(min(known)) + 1e-9)
        return cls(first, max(math.ceil(math.log10(max(known)) - 1e-9), first + 1))

    def share(self, value: float) -> float:
        """Returns where the value stands, 0 to 1; 0 and less stand at the beginning."""
        if value <= 0:
            return 0.0
        return min(max((math.log10(value) - self.first) / (self.last - self.first), 0.0), 1.0)

    def ticks(self) -> list[float]:
        """Returns powers of ten, at most seven."""
        every = math.ceil((self.last - self.first + 1) / 7)
        return [10.0**power for power in range(self.first, self.last + 1, every)]


@dataclass(slots=True, frozen=True)
class Steps:
    """A few values, ascending, equally far apart whatever they are."""

    values: tuple[float, ...]

    def share(self, value: float) -> float:
        """Returns where one of the values stands, 0 to 1."""
        return (self.values.index(value) + 0.5) / len(self.values)

    def ticks(self) -> list[float]:
        """Returns all of them."""
        return list(self.values)


def _round_step(least: float) -> float:
    """Returns the smallest of 1, 2, 2.5, 5 and 10 times a power of ten that is not below `least`."""
    size = 10.0 ** math.floor(math.log10(least))
    return next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= least * (1 - 1e-9))
