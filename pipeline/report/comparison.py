"""The comparison as the page shows it: everyone's score, the student's differences, all numbers in a table."""

from __future__ import annotations

from typing import Any

from pipeline.display.wording import interval, number, share, signed, signed_interval
from pipeline.report import metrics
from pipeline.report.charts.forest import Estimate, Forest, forest
from pipeline.report.headline import TITLES, Evaluation, comparisons

WHAT = {
    "teacher": "as it answered",
    "teacher_calibrated": "its answers as curation corrected them, which the student learned",
    "base": "the student before training",
    "student": "the model that was trained",
}


def compared(evaluation: Evaluation, margin: float) -> dict[str, Any]:
    """What the comparison's template takes."""
    everyone = metrics.contestants(evaluation)
    return {
        "titles": list(everyone),
        "scores": _scores(evaluation),
        "differences": _differences(evaluation, margin),
        "metrics": metrics.lines(evaluation),
        "relations": {
            name: said for name, said in metrics.relations(evaluation).items() if not name.startswith("student against")
        },
        "export_titles": metrics.EXPORT_TITLES,
        "exports": metrics.exports(evaluation),
        "general_titles": metrics.GENERAL_TITLES,
        "general": metrics.general(evaluation),
        "fields": metrics.field_scores(evaluation),
        "earlier": metrics.earlier(evaluation),
        "who": _who(evaluation),
        "left_out": evaluation.get("left_out") or {},
        "rows": number(evaluation["rows"]),
        "drawn": _drawn(evaluation),
    }


def _who(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """Title, name and what it is, of each contestant."""
    return [
        (title, evaluation[name].get("spec") or "", WHAT[name])
        for name, title in TITLES.items()
        if evaluation.get(name)
    ]


def _drawn(evaluation: Evaluation) -> str:
    """How the comparison was made."""
    resamples, groups = number(evaluation.get("resamples")), number(evaluation.get("groups"))
    return (
        f"A score is from 0 to 1, by the scorer {evaluation.get('scorer')}. Intervals are of 95 %: by {resamples} "
        f"bootstrap resamples (seed {evaluation.get('seed')}) of {groups} groups of prompts, the same for everyone; "
        "of latencies by order statistics."
    )


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
    through = {0.0: "no difference"} | ({-margin: "the margin"} if margin else {})
    return forest(found, signed, signed_interval, through=through) if found else None
