"""Lines and points over two axes.

The drawing is as wide as its place: x is in percent, y in pixels. Lines stand in an inner drawing that is stretched,
with strokes that are not; names stand outside of it, in margins that the style sheet keeps free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipeline.report.charts.scales import Scale
from pipeline.report.charts.svg import Element, element, markup, percent

HEIGHT = 220
"""Of the plot between its axes, in pixels."""
WIDE = 1000
"""The inner drawing's own width: x is 0 to this."""
RIGHT_HALF = 0.55
"""A mark's name stands to its left from here on: it would else leave the plot."""

Point = tuple[float, float]


@dataclass(slots=True, frozen=True)
class Axis:
    """A scale with its name, and how its values are written."""

    name: str
    scale: Scale
    show: Callable[[float], str]


@dataclass(slots=True, frozen=True)
class Series:
    """One line: its name, its looks (a class of the style sheet: colour, dashes), its points from left to right."""

    name: str
    kind: str
    points: Sequence[Point]
    band: Sequence[tuple[float, float, float]] = ()
    """x, low and high of a 95 % interval, shaded behind the line."""
    dots: bool = False
    """Whether each point is shown."""


@dataclass(slots=True, frozen=True)
class Mark:
    """One point with a name."""

    name: str
    at: Point


@dataclass(slots=True, frozen=True)
class Plot:
    """Lines, their axes, and the points that are named."""

    x: Axis
    y: Axis
    series: Sequence[Series]
    marks: Sequence[Mark] = ()


def draw(label: str, plot: Plot) -> Markup:
    """Draws an SVG element; `label` says in words what it shows."""
    x, y = plot.x, plot.y
    # Stretched to the place's width, which only the browser knows.
    lines = element(
        "svg", width="100%", height=HEIGHT, viewBox=f"0 0 {WIDE} {HEIGHT}", preserveAspectRatio="none", class_="lines"
    )
    for series in plot.series:
        lines.extend(_lines(series, x.scale, y.scale))
    root = element("svg", class_="plot", height=HEIGHT, role="img", aria_label=label)
    root.extend([*_grid(x, y), lines])
    for series in plot.series:
        root.extend(_dots(series, x.scale, y.scale))
    for mark in plot.marks:
        root.extend(_mark(mark, x.scale, y.scale))
    return markup(root)


def _grid(x: Axis, y: Axis) -> Iterator[Element]:
    for value in y.scale.ticks():
        height = _down(y.scale, value)
        yield element("line", class_="tick", x1="0", x2="100%", y1=height, y2=height)
        yield element("text", y.show(value), class_="name", x=-8, y=height + 4, text_anchor="end")
    for value in x.scale.ticks():
        across = percent(x.scale.share(value))
        yield element("line", class_="tick", x1=across, x2=across, y1=HEIGHT, y2=HEIGHT + 4)
        yield element("text", x.show(value), class_="name", x=across, y=HEIGHT + 18, text_anchor="middle")
    yield element("line", class_="edge", x1="0", x2="100%", y1=HEIGHT, y2=HEIGHT)


def _lines(series: Series, x: Scale, y: Scale) -> Iterator[Element]:
    if series.band:
        # A closed shape: along the upper ends to the right, and along the lower ones back.
        there = [_place(x, y, across, high) for across, _, high in series.band]
        back = [_place(x, y, across, low) for across, low, _ in reversed(series.band)]
        yield element("polygon", class_=f"band {series.kind}", points=" ".join([*there, *back]))
    if len(series.points) > 1:
        points = " ".join(_place(x, y, *point) for point in series.points)
        yield element("polyline", class_=f"line {series.kind}", points=points, vector_effect="non-scaling-stroke")


def _dots(series: Series, x: Scale, y: Scale) -> Iterator[Element]:
    if series.dots or len(series.points) == 1:
        for across, up in series.points:
            yield element("circle", class_=f"dot {series.kind}", cx=percent(x.share(across)), cy=_down(y, up), r=3.5)


def _mark(mark: Mark, x: Scale, y: Scale) -> Iterator[Element]:
    across, height = x.share(mark.at[0]), _down(y, mark.at[1])
    yield element("line", class_="drop", x1=percent(across), x2=percent(across), y1=height, y2=HEIGHT)
    yield element("circle", class_="mark-dot", cx=percent(across), cy=height, r=5)
    aside, anchor = 10, "start"
    if across > RIGHT_HALF:
        aside, anchor = -10, "end"
    # Near the top a name would leave the drawing: it stays 12 pixels below.
    height = max(height - 9, 12)
    yield element("text", mark.name, class_="mark-name", y=height, x=percent(across), dx=aside, text_anchor=anchor)


def _down(y: Scale, value: float) -> float:
    return HEIGHT * (1 - y.share(value))


def _place(x: Scale, y: Scale, across: float, up: float) -> str:
    return f"{WIDE * x.share(across):.1f},{_down(y, up):.1f}"
