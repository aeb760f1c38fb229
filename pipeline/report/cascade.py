"""The cascade: what it scores by what it costs, and the threshold that was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.display.wording import DASH, difference, interval, number, ratio, share
from pipeline.report.charts.chart import Chart, chart
from pipeline.report.charts.plot import Axis, Mark, Series
from pipeline.report.charts.scales import Linear
from pipeline.report.economy import price_tick, priced


def cascade_chart(cascade: Mapping[str, Any]) -> Chart | None:
    """The score against the cost, or, where that is not known, against the share that is handed over."""
    curve = cascade.get("curve") or []
    priced = [one for one in curve if one.get("cost_per_1000_usd") is not None]
    field = "cost_per_1000_usd" if priced else "handed_over"
    curve = sorted(priced or curve, key=lambda one: one[field])
    if len(curve) < 2:
        return None
    band = [(one[field], *one["ci95"]) for one in curve if one.get("ci95")]
    line = Series("cascade", "cascade", [(one[field], one["score"]) for one in curve], band)
    title = "dollars per 1,000 calls" if priced else "share of calls handed over"
    across = Axis(title, Linear.around(one[field] for one in curve), price_tick if priced else _short)
    ends = [value for _, low, high in band for value in (low, high)]
    up = Axis("score", Linear.around([*ends, *(one["score"] for one in curve)], 0, 1), _short)
    rows = [_row(one) for one in curve]
    columns = ("confidence below", "handed over", "score", "95 % interval", "per 1,000 calls")
    return chart("Cascade", across, up, [line], columns, rows, _chosen(cascade, field))


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    below = "always" if one["threshold"] > 1 else f"{one['threshold']:.3g}"
    handed_over = ratio(one["handed_over"], one.get("handed_over_ci95"))
    return below, handed_over, share(one["score"]), interval(one.get("ci95")), priced(one)


def _chosen(cascade: Mapping[str, Any], field: str) -> list[Mark]:
    chosen = cascade.get("chosen")
    if not chosen or chosen.get(field) is None:
        return []
    return [Mark(f"chosen: {chosen['threshold']:.3g}", (chosen[field], chosen["score"]))]


def cascade_facts(cascade: Mapping[str, Any]) -> dict[str, str]:
    """The chosen point in words, and how well confidence tells right from wrong."""
    chosen, found = cascade.get("chosen"), {}
    if chosen:
        found = {
            "ask the teacher where confidence is below": f"{chosen['threshold']:.4g}" + _never(chosen["threshold"]),
            "handed over": ratio(chosen["handed_over"], chosen.get("handed_over_ci95")),
            "score": ratio(chosen["score"], chosen.get("ci95")),
            "teacher's score on the same rows": ratio(chosen.get("teacher_score"), chosen.get("teacher_ci95")),
            "difference to the teacher": difference(chosen.get("minus_teacher")),
            "per 1,000 calls": priced(chosen),
            "rows it is reported on": number(chosen.get("rows")),
        }
    elif cascade.get("reason"):
        found = {"chosen point": f"none: {cascade['reason']}"}
    auc = cascade.get("confidence_auc")
    if auc and auc.get("value") is not None:
        found["AUC of confidence against right and wrong"] = ratio(auc["value"], auc.get("ci95"))
    return {name: said for name, said in found.items() if said != DASH}


def _never(threshold: float) -> str:
    return "" if threshold else ": never"


def _short(value: float) -> str:
    return f"{value:.2f}"
