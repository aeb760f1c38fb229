"""The comparison of runs as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.display import wording
from pipeline.display.grid import plain, render_grid

HEADER = (
    "run",
    "score",
    "95 % interval",
    "against the first",
    "cost per 1,000",
    "latency p50",
    "parameters",
    "weights",
)


def render(found: Mapping[str, Any]) -> str:
    """A line a run's student, then what it all rests on."""
    lines = [render_grid(HEADER, list(_rows(found)))]
    lines.append(
        f"{found['rows']:,} prompts in {found['groups']:,} groups that all runs hold out, by '{found['scorer']}'"
    )
    if left := {name: one["left_out"] for name, one in found["runs"].items() if one["left_out"]}:
        lines.append("left out, since not in all: " + ", ".join(f"{count:,} of {name}" for name, count in left.items()))
    if found["verdict_withheld"]:
        lines.append(f"no verdict: {found['verdict_withheld']}")
    return "\n".join(lines)


def _rows(found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Each run's student; below it the run's teacher or base, where these are not the same in all runs."""
    for name, one in found["runs"].items():
        yield _cells(name, one)
        for other in found["differing"]:
            if other in one["others"]:
                yield _cells(f"  its {other}", {**one["others"][other], "minus_first": None})


def _cells(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    cells = (
        name,
        wording.share(one["score"]),
        wording.interval(one["ci95"]),
        wording.difference(one["minus_first"]),
        wording.dollars(one["cost_per_1000_usd"]),
        wording.seconds(one["latency_p50_s"]),
        wording.large(one["parameters"]),
        wording.large(one["bytes"], "B"),
    )
    return tuple(plain(cell) for cell in cells)
