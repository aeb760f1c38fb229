"""The bake-off as a table for people."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.bakeoff.decision import Standing, money
from pipeline.bakeoff.measure import MeasuredTeacher
from pipeline.bakeoff.result import Bakeoff, Judging
from pipeline.display.grid import plain, render_grid
from pipeline.display.wording import interval, seconds, share

HEADER = ["teacher", "score", "95 %", "from the best", "accepted", "$/accepted", "$ in all", "p50", "p95", "refused"]


def render(result: Bakeoff) -> str:
    """Returns the table, what does not fit into it, and who is named."""
    choice = result.choice
    lines = [_heading(result), ""]
    if choice.standings:
        rows = [_cells(standing, choice.best) for standing in choice.standings]
        lines += [render_grid(HEADER, rows), ""]
    for standing in choice.standings:
        lines += _notes(standing.measured)
    return "\n".join([*lines, plain(choice.sentence), f"run: {result.run}"])


def _heading(result: Bakeoff) -> str:
    choice = result.choice
    rows = f"{choice.rows} rows"
    if choice.groups != choice.rows:
        rows += f" in {choice.groups} groups"
    if choice.left_out:
        rows += f", {choice.left_out} left out for want of a score of every teacher"
    scored = f"scored by '{result.scorer}' against gold"
    if result.judge is not None:
        scored = _judged(result.judge)
    # Everyone is asked at once: what a machine between them can carry is in the latencies of all.
    return f"{rows}, {scored}; latencies with {result.in_flight} in flight at each teacher, all teachers at once"


def _judged(judge: Judging) -> str:
    return (
        f"judged by {judge.spec} against {judge.against}, whose own score is 0.5; {judge.calls} verdicts, "
        f"{judge.failures} of them unusable, {judge.changed} pairs decided by the answers' places"
    )


def _cells(standing: Standing, best: str | None) -> list[str]:
    measured = standing.measured
    return [
        measured.label,
        share(standing.score),
        interval(standing.ci95),
        "best" if measured.label == best else str(standing.minus_best),
        f"{measured.accepted}/{measured.asked}",
        money(measured.cost_per_accepted_usd),
        money(measured.cost_usd),
        seconds(measured.latency_p50_s),
        seconds(measured.latency_p95_s),
        str(measured.refused),
    ]


def _notes(measured: MeasuredTeacher) -> Iterator[str]:
    if measured.failures:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in measured.failures.items())
        yield f"{measured.label}: {counts}."
    if measured.why_no_cost:
        yield f"{measured.label}: no cost, {measured.why_no_cost}."
    if measured.asked_without:
        yield f"{measured.label}: asked without {', '.join(measured.asked_without)}, which it cannot honour."
