"""The bake-off as data for machines and as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.bakeoff.decision import Standing, Verdict, money
from pipeline.display.grid import plain, render_grid
from pipeline.display.wording import difference, interval, seconds, share

HEADER = ["teacher", "score", "95 %", "from the best", "accepted", "$/accepted", "$ in all", "p50", "p95", "refused"]


def to_data(verdict: Verdict) -> dict[str, Any]:
    """The verdict as plain values, teachers in the order they were given. What is not known is null."""
    return {
        "rows": verdict.rows,
        "left_out": verdict.left_out,
        "groups": verdict.groups,
        "teachers": [_teacher(one) for one in verdict.standings],
        "best": verdict.best,
        "named": verdict.named,
        "verdict": verdict.sentence,
    }


def render(data: Mapping[str, Any]) -> str:
    """The table, what does not fit into it, and the verdict."""
    teachers = data["teachers"]
    lines = [f"{_heading(data)}", ""]
    if teachers:
        lines += [render_grid(HEADER, [_cells(one, data["best"]) for one in teachers]), ""]
    lines += [note for one in teachers for note in _notes(one)]
    return "\n".join([*lines, plain(data["verdict"]), *_where(data)])


def _teacher(one: Standing) -> dict[str, Any]:
    measured = one.measured
    latencies = measured.latencies_s
    return {
        "label": measured.label,
        "spec": measured.spec,
        "score": one.score,
        "ci95": list(one.ci95),
        "minus_best": {"value": one.minus_best.value, "ci95": list(one.minus_best.ci95)},
        "significantly_worse": one.minus_best.significantly_below,
        "asked": sum(measured.outcomes.values()),
        "accepted": measured.accepted,
        "refused": measured.outcomes.get("refused", 0),
        "failures": measured.failures,
        "cost_usd": measured.cost_usd,
        "cost_per_accepted_usd": measured.cost_per_accepted_usd,
        "why_no_cost": measured.why_no_cost,
        "asked_without": list(measured.asked_without),
        "latency_p50_s": float(np.median(latencies)) if latencies else None,
        "latency_p95_s": float(np.percentile(latencies, 95)) if latencies else None,
    }


def _heading(data: Mapping[str, Any]) -> str:
    left_out = f", {data['left_out']} left out for want of a score of every teacher" if data["left_out"] else ""
    groups = f" in {data['groups']} groups" if data["groups"] != data["rows"] else ""
    judge = data["judge"]
    how = f"scored by '{data['scorer']}' against gold"
    if judge:
        how = (
            f"judged by {judge['spec']} against {judge['against']}, whose own score is 0.5; {judge['calls']} verdicts, "
            f"{judge['failures']} of them unusable, {judge['changed']} pairs decided by the answers' places"
        )
    in_flight = f"latencies with {data['in_flight']} in flight at each teacher, all teachers at once"
    return f"{data['rows']} rows{groups}{left_out}, {how}; {in_flight}"


def _cells(one: Mapping[str, Any], best: str) -> list[str]:
    return [
        one["label"],
        share(one["score"]),
        interval(one["ci95"]),
        "best" if one["label"] == best else difference(one["minus_best"]),
        f"{one['accepted']}/{one['asked']}",
        money(one["cost_per_accepted_usd"]),
        money(one["cost_usd"]),
        seconds(one["latency_p50_s"]),
        seconds(one["latency_p95_s"]),
        str(one["refused"]),
    ]


def _notes(one: Mapping[str, Any]) -> list[str]:
    notes = []
    if one["failures"]:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in one["failures"].items())
        notes.append(f"{one['label']}: {counts}.")
    if one["why_no_cost"]:
        notes.append(f"{one['label']}: no cost, {one['why_no_cost']}.")
    if one["asked_without"]:
        notes.append(f"{one['label']}: asked without {', '.join(one['asked_without'])}, which it cannot honour.")
    return notes


def _where(data: Mapping[str, Any]) -> list[str]:
    return [f"run: {data['run']}"] if data.get("run") else []
