"""Teachers with known scores, and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.bakeoff.decision import Choice, decide
from pipeline.bakeoff.measure import MeasuredTeacher


def teacher(
    label: str, scores: Sequence[float | None], cost: float | None = 1.0, accepted: int | None = None
) -> MeasuredTeacher:
    """`cost` is in dollars a row."""
    rows = len(scores)
    why = "no price known: give `price`" if cost is None else None
    kept = rows if accepted is None else accepted
    total = None if cost is None else cost * rows
    return MeasuredTeacher(label, f"scripted:{label}", tuple(scores), kept, {"ok": rows}, total, (0.5,), why)


def choice_on(*measured: MeasuredTeacher, groups: Sequence[str] | None = None) -> Choice:
    rows = len(measured[0].scores)
    return decide(measured, groups or [f"row {index}" for index in range(rows)], resamples=400, seed=0)
