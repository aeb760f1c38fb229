"""The comparison as the page shows it: everyone's score, the student's differences, all numbers in a table."""

from __future__ import annotations

from typing import Any

from pipeline.report import metrics
from pipeline.report.charts.forest import Estimate, Forest, forest
from pipeline.report.verdict import TITLES, Evaluation, comparisons
from pipeline.report.wording import interval, share, signed, signed_interval

FACTS = ("scorer", "rows", "groups", "resamples", "seed")
"""What is said of how the comparison was made."""


def compared(evaluation: Evaluation, margin: float) -> dict[str, Any]:
    """What the comparison's template takes."""
    everyone = metrics.contestants(evaluation)
    return {
        "titles": list(everyone),
        "scores": _scores(evaluation),
        "differences": _differences(evaluation, margin),
        "metrics": [
            (metric.title, [metrics.with_interval(metric, one) for one in everyone.values()])
            for metric in metrics.known(evaluation)
            if metric.key != "ci95"
        ],
        "relations": {
            name: said for name, said in metrics.relations(evaluation).items() if not name.startswith("student against")
        },
        "export_titles": metrics.EXPORT_TITLES,
        "exports": metrics.exports(evaluation),
        "general_titles": metrics.GENERAL_TITLES,
        "general": metrics.general(evaluation),
        "fields": metrics.field_scores(evaluation),
        "earlier": metrics.earlier(evaluation),
        "specs": [(title, one["spec"]) for title, one in everyone.items() if one.get("spec")],
        "left_out": evaluation.get("left_out") or {},
        "facts": {key: evaluation[key] for key in FACTS if key in evaluation},
        "rows": evaluation["rows"],
    }


def _scores(evaluation: Evaluation) -> Forest | None:
    found = [
        Estimate(title, one["score"], one["ci95"], one.get("score_rows") or evaluation["rows"], name)
        for name, title in TITLES.items()
        if (one := evaluation.get(name)) and one["score"] is not None
    ]
    return forest(found, share, interval, bounds=(0.0, 1.0)) if found else None


def _differences(evaluation: Evaluation, margin: float) -> Forest | None:
    found = [
        Estimate(f"student − {name.removeprefix('its ')}", one["value"], one["ci95"], evaluation["rows"], "student")
        for name, one in comparisons(evaluation).items()
    ]
    return forest(found, signed, signed_interval, through=[0.0, -margin]) if found else None
