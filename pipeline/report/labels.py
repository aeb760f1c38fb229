"""The parts of the label scores: confusion, calibration, slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.display.wording import DASH, interval, number, share, signed, signed_interval
from pipeline.report.charts.chart import Chart, Table, chart
from pipeline.report.charts.forest import Forest, Row, Style, forest
from pipeline.report.charts.plot import Axis, Plot, Series
from pipeline.report.charts.scales import Linear
from pipeline.report.headline import TITLES
from pipeline.run.evaluation import STUDENT
from pipeline.run.evaluation import contestants as records
from pipeline.run.evaluation.contestants import ReliabilityBin
from pipeline.run.evaluation.record import Evaluation
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
    columns: list[str]
    rows: list[tuple[str, list[tuple[int, int]]]]
    left_out: int
    """Labels that are not shown, for they have fewer rows."""


def confusions(evaluation: Evaluation) -> list[Confusion]:
    """Returns a table for each contestant that has one."""
    tables = []
    for name, summary in evaluation.contestants.items():
        if summary.confusion is not None:
            tables.append(_confusion(TITLES[name], summary.confusion))
    return tables


def _confusion(title: str, confusion: records.Confusion) -> Confusion:
    labels, counts = confusion.labels, confusion.counts
    # A table of a thousand labels would be the whole page.
    commonest = sorted(range(len(labels)), key=lambda index: -sum(counts[index]))
    shown = sorted(commonest[:MOST_LABELS])
    # The columns beyond the labels are what is none of them.
    width = max((len(row) for row in counts), default=0)
    columns = [*shown, *range(len(labels), width)]
    names = [*(labels[index] for index in shown), *["none of them"] * (len(columns) - len(shown))]
    rows = [(labels[index], _cells(counts[index], columns)) for index in shown]
    return Confusion(title, names, rows, len(labels) - len(shown))


def _cells(row: Sequence[int], columns: Sequence[int]) -> list[tuple[int, int]]:
    total = sum(row) or 1  # a label that gold never has is a row of zeros
    return [(row[column], round(SHADES * row[column] / total)) for column in columns]


def reliability_chart(evaluation: Evaluation) -> Chart | None:
    """Draws how often an answer given with so much confidence is right, of each who has a curve."""
    series = [Series("as sure as right", "ideal", [(0.0, 0.0), (1.0, 1.0)])]
    rows = []
    for name, summary in evaluation.contestants.items():
        if not summary.reliability:
            continue
        points = [(bin_.confidence, bin_.accuracy) for bin_ in summary.reliability]
        series.append(Series(TITLES[name], name, points, dots=True))
        rows += [_reliability(TITLES[name], bin_) for bin_ in summary.reliability]
    if not rows:
        return None
    scale = Linear(0.0, 1.0, 0.2)
    columns = ("who", "confidence from–to", "mean confidence", "right", "95 % interval", "rows")
    plot = Plot(Axis("confidence", scale, _tenth), Axis("share right", scale, _tenth), series)
    return chart("Reliability", plot, Table(columns, rows))


def _reliability(title: str, bin_: ReliabilityBin) -> tuple[str, ...]:
    ends = interval(wilson(bin_.accuracy, bin_.rows))
    bounds = f"{bin_.low:.2g}{DASH}{bin_.high:.2g}"
    return title, bounds, share(bin_.confidence), share(bin_.accuracy), ends, number(bin_.rows)


@dataclass(slots=True, frozen=True)
class Slice:
    """One field: the student's score by its values, and its difference to the teacher where that is known."""

    field: str
    scores: Forest
    differences: Forest | None


def slices(evaluation: Evaluation) -> list[Slice]:
    """Returns a forest plot for each field, the values in the evaluation's order."""
    drawn = []
    for column, values in evaluation.slices.items():
        scores = _scores(values)
        if scores:
            drawn.append(Slice(column, forest(scores, Style(share, interval, bounds=UNIT)), _differences(values)))
    return drawn


def _scores(values: Mapping[str, records.Slice]) -> list[Row]:
    return [Row.of(value, part.scores[STUDENT], STUDENT) for value, part in values.items() if STUDENT in part.scores]


def _differences(values: Mapping[str, records.Slice]) -> Forest | None:
    rows = []
    for value, part in values.items():
        if part.student_minus_teacher is not None:
            rows.append(Row.of(value, part.student_minus_teacher))
    if not rows:
        return None
    return forest(rows, Style(signed, signed_interval, through={0.0: "no difference"}))


def _tenth(value: float) -> str:
    return f"{value:.1f}"
