"""What a reader should know before trusting the scores: rows seen before, rows that could not be scored, the judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.display.wording import interval, number, share
from pipeline.report.headline import TITLES, Evaluation

COUNTED = ("rows", "verdicts", "pairs")
"""What an estimate of the judge may be counted in."""


def checks(evaluation: Evaluation) -> dict[str, str]:
    """What was counted, and on how many rows; only what the evaluation holds."""
    found = {}
    for name, one in (evaluation.get("memorised") or {}).items():
        found[f"answers copied from a training row, {TITLES.get(name, name)}"] = _of(one)
    if contaminated := evaluation.get("contaminated"):
        found["held-out prompts that are near a training prompt"] = _of(contaminated)
    if failed := evaluation.get("scorer_failed"):
        found["rows the scorer failed on, left out for everyone"] = number(len({one["prompt_id"] for one in failed}))
    return found | {f"judge: {name}": text for name, text in flat(evaluation.get("judge") or {}).items()}


def flat(found: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """Nested numbers as name -> text; a value with its interval on one line."""
    lines: dict[str, str] = {}
    for name, value in found.items():
        title = f"{above}{str(name).replace('_', ' ')}"
        if isinstance(value, Mapping) and "value" in value:
            lines[title] = _estimate(value)
        elif isinstance(value, Mapping):
            lines |= flat(value, f"{title}: ")
        elif value is not None:
            lines[title] = text(value)
    return lines


def text(value: Any) -> str:
    """A value of a count or a setting as people read it."""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4g}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {text(inner)}" for name, inner in value.items())
    return str(value)


def _estimate(found: Mapping[str, Any]) -> str:
    between = f" ({interval(found['ci95'])})" if found.get("ci95") else ""
    counted = [f", {number(found[unit])} {unit}" for unit in COUNTED if found.get(unit)]
    return f"{share(found['value'])}{between}{''.join(counted)}"


def _of(one: Mapping[str, Any]) -> str:
    return f"{number(one['count'])} of {number(one['rows'])} rows"
