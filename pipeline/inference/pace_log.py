"""The pace of the last sitting, read from RUN/logs/pace.jsonl, which `pipeline.inference.watch` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

COLUMNS = 40
BLOCKS = "▁▂▃▄▅▆▇█"


def read_pace(path: Path) -> list[dict[str, Any]]:
    """The records, oldest first; a torn last line is left out. Empty where there is no log."""
    if not path.exists():
        return []
    found = []
    for line in path.read_bytes().splitlines():
        try:
            found.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            continue
    return found


def summarise(records: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The last sitting in the log over its time, in at most COLUMNS parts; None where there is none.

    Of a part: answers a second, the most in flight, the lowest ceiling.
    """
    last = _last_sitting(records)
    if not last:
        return None
    end = last[-1]
    parts: list[list[Mapping[str, Any]]] = [[] for _ in range(COLUMNS)]
    for record in last:
        share = record["seconds"] / end["seconds"] if end["seconds"] else 1.0
        parts[min(int(share * COLUMNS), COLUMNS - 1)].append(record)
    points = [
        {
            "seconds": part[-1]["seconds"],
            "per_s": sum(record["per_s"] for record in part) / len(part),
            "in_flight": max(record["in_flight"] for record in part),
            "ceiling": min(record["ceiling"] for record in part),
        }
        for part in parts
        if part
    ]
    names = ("stage", "began", "seconds", "done", "total", "refused", "input_tokens", "output_tokens", "cost_usd")
    return {**{name: end[name] for name in names}, "points": points}


def render_pace(pace: Mapping[str, Any] | None) -> Iterator[str]:
    """A line of figures and a line of blocks for each series; nothing where there is no pace."""
    if pace is None:
        return
    rate = pace["done"] / pace["seconds"] if pace["seconds"] else 0.0
    refused = f", {pace['refused']} x 429" if pace["refused"] else ""
    how_far = f"{pace['done']} of {pace['total']} in {pace['seconds']:.1f} s"
    yield f"  pace      {pace['stage']}: {how_far}, {rate:.1f}/s{refused}"
    for name, says in (("per_s", "answers/s"), ("in_flight", "in flight"), ("ceiling", "ceiling")):
        values = [point[name] for point in pace["points"]]
        yield f"    {says:<9} {_blocks(values)}  {min(values):.4g} to {max(values):.4g}"


def _last_sitting(records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The records that began when the last one did."""
    return [record for record in records if record["began"] == records[-1]["began"]]


def _blocks(values: Sequence[float]) -> str:
    most = max(values) or 1
    return "".join(BLOCKS[round(value / most * (len(BLOCKS) - 1))] for value in values)
