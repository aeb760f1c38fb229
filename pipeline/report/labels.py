"""What the label scores are made of: confusion, calibration, slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.display.wording import DASH, interval, number, share, signed_interval
from pipeline.display.wording import signed as signed_value
from pipeline.report.charts.chart import Chart, chart
from pipeline.report.charts.forest import Estimate, Forest, forest
from pipeline.report.charts.plot import Axis, Series
from pipeline.report.charts.scales import Linear
from pipeline.report.headline import TITLES, Evaluation
from pipeline.report.metrics import contestants
from pipeline.statistics.intervals import wilson

SHADES = 10
"""Steps of shading, from none to all of a row."""
MOST_LABELS = 20
"""Labels of a confusion table: those with the most rows."""
UNIT = (0.0, 1.0)


@dataclass(slots=True, frozen=True)
class Confusion:
    """Rows are gold, columns what was said; a cell is its count and its shade, by its share of the row."""

    title: str
    said: list[str]
    rows: list[tuple[str, list[tuple[int, int]]]]
    left_out: int
    """Labels that are not shown, for they have fewer rows."""


def confusions(evaluation: Evaluation) -> list[Confusion]:
    """A table for each contestant that has one."""
    return [
        _confusion(title, one["confusion"]) for title, one in contestants(evaluation).items() if one.get("confusion")
    ]


def _confusion(title: str, found: Mapping[str, Any]) -> Confusion:
    labels, counts = found["labels"], found["counts"]
    shown = sorted(sorted(range(len(labels)), key=lambda index: -sum(counts[index]))[:MOST_LABELS])
    columns = [*shown, *range(len(labels), max((len(row) for row in counts), default=0))]
    names = [labels[index] if index < len(labels) else "none of them" for index in columns]
    rows = []
    for index in shown:
        total = sum(counts[index]) or 1
        cells = [(counts[index][column], round(SHADES * counts[index][column] / total)) for column in columns]
        rows.append((labels[index], cells))
    return Confusion(title, names, rows, len(labels) - len(shown))


def reliability_chart(evaluation: Evaluation) -> Chart | None:
    """How often an answer given with so much confidence is right, of each who has a curve."""
    curves = {name: one["reliability"] for name in TITLES if (one := evaluation.get(name) or {}).get("reliability")}
    if not curves:
        return None
    scale = Linear(0.0, 1.0, 0.2)
    series = [Series("as sure as right", "ideal", [(0.0, 0.0), (1.0, 1.0)])]
    rows = []
    for name, bins in curves.items():
        points = [(one["confidence"], one["accuracy"]) for one in bins if one["rows"]]
        series.append(Series(TITLES[name], name, points, dots=True))
        rows += [
            (TITLES[name], f"{one['low']:.2g}–{one['high']:.2g}", share(one["confidence"]), share(one["accuracy"]),
             interval(wilson(one["accuracy"], one["rows"])) if one["rows"] else DASH, number(one["rows"]))
            for one in bins
        ]  # fmt: skip
    columns = ("who", "confidence from–to", "mean confidence", "right", "95 % interval", "rows")
    return chart(
        "Reliability", Axis("confidence", scale, _tenth), Axis("share right", scale, _tenth), series, columns, rows
    )


@dataclass(slots=True, frozen=True)
class Slice:
    """One field: the student's score by its values, and its difference to the teacher where that is known."""

    field: str
    scores: Forest
    differences: Forest | None


def slices(evaluation: Evaluation) -> list[Slice]:
    """A forest plot for each field, the values in the evaluation's order."""
    found = (_slice(field, values) for field, values in (evaluation.get("slices") or {}).items())
    return [one for one in found if one.scores.lines]


def _slice(field: str, values: Mapping[str, Any]) -> Slice:
    scores = [
        Estimate(value, one["student"]["score"], one["student"]["ci95"], one["rows"], "student")
        for value, one in values.items()
        if (one.get("student") or {}).get("score") is not None
    ]
    differences = [
        Estimate(value, one["student_minus_teacher"]["value"], one["student_minus_teacher"]["ci95"], one["rows"])
        for value, one in values.items()
        if one.get("student_minus_teacher")
    ]
    return Slice(
        field,
        forest(scores, share, interval, bounds=UNIT),
        forest(differences, signed_value, signed_interval, through={0.0: "no difference"}) if differences else None,
    )


def _tenth(value: float) -> str:
    return f"{value:.1f}"
