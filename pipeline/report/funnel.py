"""The curation funnel: where every sample went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.run.counts import CurateCounts

Kind = Literal["all", "lost", "kept"]


@dataclass(slots=True, frozen=True)
class Bar:
    """One line of the funnel. `percent` is its share of all samples and `start` where its bar begins, both 0 to 100:
    what is lost is cut from the right end of what was left, so that the bars step down to what is kept."""

    label: str
    reason: str
    count: int
    percent: float
    start: float
    kind: Kind


def funnel(counts: CurateCounts | None) -> list[Bar]:
    """Returns all samples, those without an answer by outcome, those dropped by step and reason, those kept by split.

    Empty before the corpus is curated. The lines after the first add up to it.
    """
    if counts is None or not counts.samples:
        return []
    bars, left, kept = [], counts.samples, 0
    for label, reason, count, kind in _lines(counts):
        start = 0
        if kind == "lost":
            left -= count
            start = left
        elif kind == "kept":
            start = kept
            kept += count
        bars.append(Bar(label, reason, count, 100 * count / counts.samples, 100 * start / counts.samples, kind))
    return bars


def _lines(counts: CurateCounts) -> Iterator[tuple[str, str, int, Kind]]:
    yield "samples", "asked of the teacher", counts.samples, "all"
    for outcome, count in sorted(counts.failed.items()):
        yield "failed", outcome, count, "lost"
    for step, reasons in counts.dropped.items():
        for reason, count in sorted(reasons.items()):
            yield step, reason, count, "lost"
    yield "kept", "to train on", counts.train, "kept"
    yield "kept", "held out", counts.heldout, "kept"
