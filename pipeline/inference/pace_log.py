"""The pace of the last sitting, read from RUN/logs/pace.jsonl, which `pipeline.inference.watch` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

COLUMNS = 40
"""Parts that a sitting is shown in: they fit beside their figures on 80 columns."""

BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(slots=True, frozen=True)
class PacePoint:
    """One part of a sitting."""

    seconds: float
    """Since it began, at the part's end."""
    per_s: float
    """Answers a second, the mean of the part's records."""
    in_flight: int
    """The most."""
    ceiling: int
    """The lowest."""


@dataclass(slots=True, frozen=True)
class PaceSummary:
    """A sitting over its time."""

    stage: str
    began: float
    """Unix time in seconds."""
    seconds: float
    done: int
    total: int
    refused: int
    """Answers of status 429."""
    input_tokens: int
    output_tokens: int
    cost_usd: float
    points: tuple[PacePoint, ...]

    @property
    def per_s(self) -> float:
        """Returns the answers a second of the whole sitting."""
        return self.done / self.seconds if self.seconds else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {**asdict(self), "points": [asdict(point) for point in self.points]}


def read_pace(path: Path) -> list[dict[str, Any]]:
    """Reads the records, oldest first; a torn last line is left out. Empty where there is no log."""
    if not path.exists():
        return []
    records = []
    for line in path.read_bytes().splitlines():
        try:
            records.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            continue
    return records


def summarise(records: Sequence[Mapping[str, Any]]) -> PaceSummary | None:
    """Sums up the last sitting in the log, in at most COLUMNS parts; None where there is none."""
    last = _last_sitting(records)
    if not last:
        return None
    end = last[-1]
    points = [_point(part) for part in _parts(last, end["seconds"]) if part]
    return PaceSummary(
        stage=end["stage"],
        began=end["began"],
        seconds=end["seconds"],
        done=end["done"],
        total=end["total"],
        refused=end["refused"],
        input_tokens=end["input_tokens"],
        output_tokens=end["output_tokens"],
        cost_usd=end["cost_usd"],
        points=tuple(points),
    )


def render_pace(pace: PaceSummary | None) -> Iterator[str]:
    """Yields a line of figures and a line of blocks for each series; nothing where there is no pace."""
    if pace is None:
        return
    refused = f", {pace.refused} x 429" if pace.refused else ""
    how_far = f"{pace.done} of {pace.total} in {pace.seconds:.1f} s"
    yield f"  pace      {pace.stage}: {how_far}, {pace.per_s:.1f}/s{refused}"
    yield _series("answers/s", [point.per_s for point in pace.points])
    yield _series("in flight", [point.in_flight for point in pace.points])
    yield _series("ceiling", [point.ceiling for point in pace.points])


def _last_sitting(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Returns the records that began when the last one did."""
    return [record for record in records if record["began"] == records[-1]["began"]]


def _parts(records: Sequence[Mapping[str, Any]], seconds: float) -> list[list[Mapping[str, Any]]]:
    """Deals the records of a sitting out to parts of equal time; some parts may be empty."""
    parts: list[list[Mapping[str, Any]]] = [[] for _ in range(COLUMNS)]
    for record in records:
        share = record["seconds"] / seconds if seconds else 1.0
        parts[min(int(share * COLUMNS), COLUMNS - 1)].append(record)
    return parts


def _point(part: Sequence[Mapping[str, Any]]) -> PacePoint:
    return PacePoint(
        seconds=part[-1]["seconds"],
        per_s=sum(record["per_s"] for record in part) / len(part),
        in_flight=max(record["in_flight"] for record in part),
        ceiling=min(record["ceiling"] for record in part),
    )


def _series(name: str, values: Sequence[float]) -> str:
    most = max(values) or 1
    blocks = "".join(BLOCKS[round(value / most * (len(BLOCKS) - 1))] for value in values)
    return f"    {name:<9} {blocks}  {min(values):.4g} to {max(values):.4g}"
