"""Numbers as people read them. Unknown is a dash, never 0; a number and its unit never part at a line's end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

DASH = "–"
MAX_NAME = 80
GLUE = "\u00a0"  # no-break space

PREFIXES = ("", "k", "M", "G", "T")


def cut(text: str, most: int) -> str:
    """Returns the text, or its beginning."""
    if len(text) <= most:
        return text
    return text[:most] + " […]"


def brief(name: str) -> str:
    """Returns at most MAX_NAME characters of a name that data or a model chose."""
    return cut(name, MAX_NAME)


def share(value: float | None) -> str:
    """Writes a score or ratio: 0.867."""
    if value is None:
        return DASH
    return f"{value:.3f}"


def signed(value: float | None) -> str:
    """Writes a difference: +0.387."""
    if value is None:
        return DASH
    return f"{value:+.3f}"


def interval(ci95: Sequence[float] | None) -> str:
    """Writes a 95 % interval: 0.810–0.913."""
    if ci95 is None:
        return DASH
    low, high = ci95
    return f"{low:.3f}{DASH}{high:.3f}"


def signed_interval(ci95: Sequence[float] | None) -> str:
    """Writes the interval of a difference: +0.300 to +0.473."""
    if ci95 is None:
        return DASH
    low, high = ci95
    return f"{low:+.3f} to {high:+.3f}"


def difference(value: float, ci95: Sequence[float] | None) -> str:
    """Writes a difference with its interval, where it has one: +0.387 (+0.300 to +0.473)."""
    if ci95 is None:
        return signed(value)
    return f"{signed(value)} ({signed_interval(ci95)})"


def ratio(value: float, ci95: Sequence[float] | None) -> str:
    """Writes a ratio with its interval, where it has one: 0.867 (0.810–0.913)."""
    if ci95 is None:
        return share(value)
    return f"{share(value)} ({interval(ci95)})"


def between(show: Callable[[Any], str], ends: Sequence[float | None] | None) -> str:
    """Writes an interval as its number is: 84–91 ms; 84 ms or more, where it has no upper end; "" for none."""
    if ends is None:
        return ""
    low, high = ends
    if low is not None and high is not None:
        return _from_to(show(low), show(high))
    if low is not None:
        return f"{show(low)} or more"
    if high is not None:
        return f"{show(high)} or less"
    return ""


def _from_to(least: str, most: str) -> str:
    amount, glue, unit = least.partition(GLUE)
    same_unit = unit == most.partition(GLUE)[2]
    # A duration such as "3 min 05 s" has more than one unit, and keeps them all.
    if glue and same_unit and GLUE not in unit:
        least = amount  # the unit once: 84–91 ms
    return f"{least}{DASH}{most}"


def counted(
    show: Callable[[Any], str], value: float | None, ends: Sequence[float | None] | None, calls: int | None
) -> str:
    """Writes a number of calls with its interval and their count: 87 ms (84–91 ms; 173 calls)."""
    if value is None:
        return show(value)
    behind = [between(show, ends)]
    if calls:
        behind.append(f"{calls:,}{GLUE}calls")
    text = "; ".join(filter(None, behind))
    if not text:
        return show(value)
    return f"{show(value)} ({text})"


def number(value: float | None) -> str:
    """Writes a count, or what is near one: 1,204; 61.5; 3."""
    if value is None:
        return DASH
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}"


def mean(value: float | None) -> str:
    """Writes a mean or a rate, to three digits and whole from 100 on: 0.0421; 3.00; 1,204."""
    if value is None or value >= 99.95:  # what would be rounded to 100.0
        return number(value)
    return f"{value:#.3g}".rstrip(".")


def large(value: float | None, unit: str = "") -> str:
    """Writes a number in steps of a thousand: 134.5 M, 98.9 MB."""
    if value is None:
        return DASH
    power = 0
    while value >= 999.5 and power < len(PREFIXES) - 1:  # what would be rounded to 1,000
        value /= 1000
        power += 1
    digits = 1
    if value >= 99.95 or power == 0:
        digits = 0
    return f"{value:.{digits}f}{GLUE}{PREFIXES[power]}{unit}".rstrip(GLUE)


def seconds(value: float | None) -> str:
    """Writes a duration: 85 ms, 1.24 s, 3 min 05 s."""
    # Each limit is the least that would be rounded to the next unit's form.
    if value is None:
        return DASH
    if value < 0.9995:
        return f"{value * 1000:.0f}{GLUE}ms"
    if value < 9.995:
        return f"{value:.2f}{GLUE}s"
    if value < 59.95:
        return f"{value:.1f}{GLUE}s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}{GLUE}min{GLUE}{rest:02}{GLUE}s"


def dollars(value: float | None) -> str:
    """Writes a price: $1,203.50; below ten cents to four significant digits: $0.01235."""
    if value is None:
        return DASH
    if abs(value) < 0.1:
        return f"${value:.4g}"
    return f"${value:,.2f}"
