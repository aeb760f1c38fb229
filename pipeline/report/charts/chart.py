"""A chart as the page shows it: the drawing, its legend, and its data as a table for those who do not see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipeline.report.charts.plot import Axis, Mark, Series, draw


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


def chart(
    title: str,
    x: Axis,
    y: Axis,
    series: Sequence[Series],
    columns: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    marks: Sequence[Mark] = (),
) -> Chart:
    """A chart of lines; its text alternative names the axes, and the ends of every line."""
    said = "; ".join(_ends(one, x.show, y.show) for one in series if one.points)
    label = f"{title}. {y.name} against {x.name}. {said}."
    legend = [(one.kind, one.name) for one in series]
    return Chart(title, draw(label, x, y, series, marks), x.name, y.name, legend, columns, rows)


def _ends(one: Series, show_x: Callable[[float], str], show_y: Callable[[float], str]) -> str:
    (first_x, first_y), (last_x, last_y) = one.points[0], one.points[-1]
    return f"{one.name}: {show_y(first_y)} at {show_x(first_x)} to {show_y(last_y)} at {show_x(last_x)}"
