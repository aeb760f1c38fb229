"""One number that was estimated, wherever it stands in evaluation.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

Number = int | float
"""JSON tells 3 from 3.0, and a number is written again as it was read."""
Interval = tuple[Number, Number]
Ends = tuple[Number | None, Number | None]
"""The low and the high end; one that the rows are too few for, or that does not exist, is None."""


class Closed:
    """A record whose JSON has its fields and no others: a key that nobody reads is an error, not a loss."""

    __slots__ = ()
    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(slots=True, frozen=True)
class Estimate(Closed):
    """A value with its 95 % interval. Where nothing is known there is no estimate but None, never a 0."""

    value: Number
    ci95: Ends | None
    """None where none can be given."""
    n: int | None
    """The rows or calls that it is of; None where it is put together of several numbers."""

    @property
    def interval(self) -> Interval | None:
        """Both ends, where both are known."""
        if self.ci95 is None:
            return None
        low, high = self.ci95
        if low is None or high is None:
            return None
        return low, high
