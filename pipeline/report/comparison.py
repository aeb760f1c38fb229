"""The comparison as the page shows it: everyone's score, the student's differences, all numbers in a table."""

from __future__ import annotations

from typing import Any

from pipeline.display.wording import interval, number, share, signed, signed_interval
from pipeline.report import forms, metrics
from pipeline.report.charts.forest import Forest, Row, Style, forest
from pipeline.report.headline import TITLES, differences
from pipeline.report.standing import ratio_lines
from pipeline.run.evaluation import BASE, CALIBRATED, STUDENT, TEACHER
from pipeline.run.evaluation.record import Evaluation

WHAT = {
    TEACHER: "as it answered",
    CALIBRATED: "its answers as curation corrected them, which the student learned",
    BASE: "the student before training",
    STUDENT: "the model that was trained",
}


def compared(evaluation: Evaluation, margin: float) -> dict[str, Any]:
    """Returns what the comparison's template takes."""
    return {
        "titles": list(metrics.contestants(evaluation)),
        "scores": _scores(evaluation),
        "differences": _differences(evaluation, margin),
        "metrics": metrics.lines(evaluation),
        "ratios": ratio_lines(evaluation),
        "export_titles": forms.EXPORT_TITLES,
        "exports": forms.exports(evaluation),
        "general_titles": forms.GENERAL_TITLES,
        "general": forms.general(evaluation),
        "fields": forms.field_scores(evaluation),
        "earlier": forms.earlier(evaluation),
        "who": _who(evaluation),
        "left_out": evaluation.left_out,
        "rows": number(evaluation.rows),
        "drawn": _drawn(evaluation),
    }


def _who(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """Returns title, name and what it is, of each contestant."""
    return [(TITLES[name], summary.spec, WHAT[name]) for name, summary in evaluation.contestants.items()]


def _drawn(evaluation: Evaluation) -> str:
    """Says how the comparison was made."""
    resamples, groups = number(evaluation.resamples), number(evaluation.groups)
    return (
        f"A score is from 0 to 1, by the scorer {evaluation.scorer}. Intervals are of 95 %: by {resamples} "
        f"bootstrap resamples (seed {evaluation.seed}) of {groups} groups of prompts, the same for everyone; "
        "of latencies by order statistics."
    )


def _scores(evaluation: Evaluation) -> Forest | None:
    rows = []
    for name, summary in evaluation.contestants.items():
        if summary.score is not None:
            rows.append(Row.of(TITLES[name], summary.score, name))
    if not rows:
        return None
    return forest(rows, Style(share, interval, bounds=(0.0, 1.0)))


def _differences(evaluation: Evaluation, margin: float) -> Forest | None:
    rows = []
    for name, estimate in differences(evaluation).items():
        rows.append(Row.of(f"student − {name.removeprefix('its ')}", estimate, STUDENT))
    if not rows:
        return None
    through = {0.0: "no difference"}
    if margin:
        through[-margin] = "the margin"
    return forest(rows, Style(signed, signed_interval, through=through))
