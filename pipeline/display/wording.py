"""Numbers as people read them. Unknown is a dash, never 0; a number and its unit never part at a line's end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

DASH = "–"
MAX_NAME = 80
GLUE = "\u00a0"  # no-break space


def cut(text: str, most: int) -> str:
    """The text, or its beginning."""
    return text if len(text) <= most else text[:most] + " […]"


def brief(name: str) -> str:
    """A name that data or a model chose, at most MAX_NAME characters of it."""
    return cut(name, MAX_NAME)


def share(value: float | None) -> str:
    """A score or ratio: 0.867."""
    return DASH if value is None else f"{value:.3f}"


def signed(value: float | None) -> str:
    """A difference: +0.387."""
    return DASH if value is None else f"{value:+.3f}"


def interval(ci95: Sequence[float] | None) -> str:
    """A 95 % interval: 0.810–0.913."""
    return DASH if ci95 is None else f"{ci95[0]:.3f}{DASH}{ci95[1]:.3f}"


def signed_interval(ci95: Sequence[float] | None) -> str:
    """The interval of a difference: +0.300 to +0.473."""
    return DASH if ci95 is None else f"{ci95[0]:+.3f} to {ci95[1]:+.3f}"


def difference(found: dict[str, Any] | None) -> str:
    """A difference with its interval: +0.387 (+0.300 to +0.473)."""
    if found is None:
        return DASH
    ends = "" if found["ci95"] is None else f" ({signed_interval(found['ci95'])})"
    return signed(found["value"]) + ends


def ratio(value: float | None, ci95: Sequence[float] | None) -> str:
    """A ratio with its interval, where it has one."""
    return share(value) + ("" if ci95 is None else f" ({interval(ci95)})")


def between(show: Callable[[Any], str], ends: Sequence[float | None] | None) -> str:
    """An interval in the words of its number: 84–91 ms; 84 ms or more, where it has no upper end; "" for none."""
    low, high = ends or (None, None)
    if low is None or high is None:
        return f"{show(low)} or more" if low is not None else f"{show(high)} or less" if high is not None else ""
    least, most = show(low), show(high)
    if least.count(GLUE) == most.count(GLUE) == 1 and least.partition(GLUE)[2] == most.partition(GLUE)[2]:
        least = least.partition(GLUE)[0]  # the unit once: 84–91 ms
    return f"{least}{DASH}{most}"


def counted(show: Callable[[Any], str], value: Any, ends: Sequence[float | None] | None, calls: int | None) -> str:
    """A number of calls with its interval and their count: 87 ms (84–91 ms; 173 calls)."""
    told = [between(show, ends), f"{calls:,}{GLUE}calls" if calls else ""]
    behind = "; ".join(filter(None, told))
    return show(value) + (f" ({behind})" if behind and value is not None else "")


def number(value: float | None) -> str:
    """A count, or what is near one: 1,204; 61.5; 3."""
    if value is None:
        return DASH
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"


def mean(value: float | None) -> str:
    """A mean or a rate, to three digits and whole from 100 on: 0.0421; 3.00; 1,204."""
    return DASH if value is None else f"{value:#.3g}".rstrip(".") if value < 99.95 else number(value)


def large(value: float | None, unit: str = "") -> str:
    """In steps of a thousand: 134.5 M, 98.9 MB."""
    if value is None:
        return DASH
    for prefix in ("", "k", "M", "G", "T"):
        if value < 999.5 or prefix == "T":
            break
        value /= 1000
    digits = 0 if value >= 99.95 or prefix == "" else 1
    return f"{value:.{digits}f}{GLUE}{prefix}{unit}".rstrip(GLUE)


def seconds(value: float | None) -> str:
    """A duration: 85 ms, 1.24 s, 3 min 05 s."""
    if value is None:
        return DASH
    if value < 0.9995:
        return f"{value * 1000:.0f}{GLUE}ms"
    if value < 59.95:
        return f"{value:.2f}{GLUE}s" if value < 9.995 else f"{value:.1f}{GLUE}s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}{GLUE}min{GLUE}{rest:02}{GLUE}s"


def dollars(value: float | None) -> str:
    """A price: $1,203.50; below ten cents to four significant digits: $0.01235."""
    if value is None:
        return DASH
    return f"${value:.4g}" if abs(value) < 0.1 else f"${value:,.2f}"
