"""Estimates of the evaluation as people read them; one that is not known is a dash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.display import wording
from pipeline.display.wording import DASH
from pipeline.run.evaluation.estimate import Estimate


def difference(estimate: Estimate | None) -> str:
    """Writes a difference with its interval: +0.387 (+0.300 to +0.473)."""
    if estimate is None:
        return DASH
    return wording.difference(estimate.value, estimate.interval)


def ratio(estimate: Estimate | None) -> str:
    """Writes a score or ratio with its interval: 0.867 (0.810–0.913)."""
    if estimate is None:
        return DASH
    return wording.ratio(estimate.value, estimate.interval)


def counted(show: Callable[[Any], str], estimate: Estimate | None, calls: int | None = None) -> str:
    """Writes an estimate with its interval, and with the calls that it is of where they are given."""
    if estimate is None:
        return DASH
    return wording.counted(show, estimate.value, estimate.ci95, calls)


def price(estimate: Estimate | None, calls: int | None = None) -> str:
    """Writes dollars, as `counted` does."""
    return counted(wording.dollars, estimate, calls)


def known_lines(lines: Mapping[str, str]) -> dict[str, str]:
    """Returns the lines that say something: a dash alone is none."""
    return {name: text for name, text in lines.items() if text != DASH}
