"""The curation funnel: where every sample went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(slots=True, frozen=True)
class Bar:
    """One line of the funnel. `percent` is its share of all samples and `start` where its bar begins, both 0 to 100:
    what is lost is cut from the right end of what was left, so that the bars step down to what is kept."""

    label: str
    reason: str
    count: int
    percent: float
    start: float
    kind: Literal["all", "lost", "kept"]


def funnel(manifest: Mapping[str, Any]) -> list[Bar]:
    """All samples, those without an answer by outcome, those dropped by step and reason, those kept by split.

    Empty before the corpus is curated. The lines after the first add up to it.
    """
    counts = manifest.get("stages", {}).get("curate", {}).get("counts") or {}
    total = counts.get("samples", 0)
    if not total:
        return []
    bars, left, kept = [], total, 0
    for label, reason, count, kind in _lines(counts):
        if kind == "lost":
            left -= count
        start = {"all": 0, "lost": left, "kept": kept}[kind]
        kept += count if kind == "kept" else 0
        bars.append(Bar(label, reason, count, 100 * count / total, 100 * start / total, kind))
    return bars


def _lines(counts: Mapping[str, Any]) -> Iterator[tuple[str, str, int, Literal["all", "lost", "kept"]]]:
    yield "samples", "asked of the teacher", counts["samples"], "all"
    for outcome, count in sorted(counts.get("failed", {}).items()):
        yield "failed", outcome, count, "lost"
    for step, reasons in counts.get("dropped", {}).items():
        for reason, count in sorted(reasons.items()):
            yield step, reason, count, "lost"
    yield "kept", "to train on", counts.get("train", 0), "kept"
    yield "kept", "held out", counts.get("heldout", 0), "kept"
