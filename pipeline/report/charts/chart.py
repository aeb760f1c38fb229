"""A chart as the page shows it: the drawing, its legend, and its data as a table for those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipeline.report.charts.plot import Axis, Plot, Series, draw


@dataclass(slots=True, frozen=True)
class Table:
    """A chart's numbers, as text."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(slots=True, frozen=True)
class Chart:
    """`legend` has a class of the style sheet and a name for each line; `rows` the data, as text."""

    title: str
    drawing: Markup
    across: str
    up: str
    legend: list[tuple[str, str]]
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def chart(title: str, plot: Plot, table: Table) -> Chart:
    """Draws lines; the text alternative names the axes, and the ends of every line."""
    ends = "; ".join(_ends(series, plot.x, plot.y) for series in plot.series if series.points)
    label = f"{title}. {plot.y.name} against {plot.x.name}. {ends}."
    legend = [(series.kind, series.name) for series in plot.series]
    return Chart(title, draw(label, plot), plot.x.name, plot.y.name, legend, table.columns, table.rows)


def _ends(series: Series, x: Axis, y: Axis) -> str:
    (first_x, first_y), (last_x, last_y) = series.points[0], series.points[-1]
    return f"{series.name}: {y.show(first_y)} at {x.show(first_x)} to {y.show(last_y)} at {x.show(last_x)}"
