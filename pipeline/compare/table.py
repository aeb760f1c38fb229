"""The comparison of runs as a table for people."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.compare.comparison import RunComparison
from pipeline.display import wording
from pipeline.display.grid import plain, render_grid
from pipeline.report.estimates import difference
from pipeline.run.evaluation.contestants import Summary
from pipeline.run.evaluation.estimate import Estimate

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


def render(comparison: RunComparison) -> str:
    """Returns a line a run's student, then what it all rests on."""
    lines = [render_grid(HEADER, list(_rows(comparison)))]
    lines.append(
        f"{comparison.rows:,} prompts in {comparison.groups:,} groups that all runs hold out, by '{comparison.scorer}'"
    )
    left_out = [f"{run.left_out:,} of {name}" for name, run in comparison.runs.items() if run.left_out]
    if left_out:
        lines.append("left out, since not in all: " + ", ".join(left_out))
    if comparison.verdict_withheld is not None:
        lines.append(f"no verdict: {comparison.verdict_withheld}")
    return "\n".join(lines)


def _rows(comparison: RunComparison) -> Iterator[tuple[str, ...]]:
    """Yields each run's student; below it the run's teacher or base, where these are not the same in all runs."""
    for name, run in comparison.runs.items():
        yield _cells(name, run.student, run.minus_first)
        for other in comparison.differing:
            if other in run.others:
                yield _cells(f"  its {other}", run.others[other], None)


def _cells(name: str, summary: Summary, minus_first: Estimate | None) -> tuple[str, ...]:
    score, ends = wording.DASH, wording.DASH
    if summary.score is not None:
        score, ends = wording.share(summary.score.value), wording.interval(summary.score.interval)
    cells = (
        name,
        score,
        ends,
        difference(minus_first),
        wording.dollars(_value(summary.cost_per_1000_usd)),
        wording.seconds(_value(summary.latency_p50_s)),
        wording.large(summary.parameters),
        wording.large(summary.bytes, "B"),
    )
    return tuple(plain(cell) for cell in cells)


def _value(estimate: Estimate | None) -> float | None:
    if estimate is None:
        return None
    return estimate.value
