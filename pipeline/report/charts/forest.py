"""A forest plot: an estimate with its interval on each line, over one axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from pipeline.display.wording import brief
from pipeline.report.charts.scales import Linear
from pipeline.report.charts.svg import Element, element, markup, percent
from pipeline.run.evaluation.estimate import Estimate

HEIGHT = 28
"""Of a line, in pixels."""


@dataclass(slots=True, frozen=True)
class Row:
    """A value with its 95 % interval, where it has one, and the rows behind it, where they are known."""

    name: str
    value: float
    ci95: Sequence[float] | None
    rows: int | None = None
    kind: str = "other"

    @classmethod
    def of(cls, name: str, estimate: Estimate, kind: str = "other") -> Row:
        """Makes a line of an estimate."""
        return cls(name, estimate.value, estimate.interval, estimate.n, kind)


@dataclass(slots=True, frozen=True)
class Line:
    """A line as it is shown."""

    name: str
    kind: str
    value: str
    interval: str
    rows: int | None
    drawing: Markup


@dataclass(slots=True, frozen=True)
class Forest:
    """The lines, and the axis below them: name and place (percent) of each tick."""

    lines: list[Line]
    axis: Markup
    through: str
    """The values at which a line stands, in words."""


@dataclass(slots=True, frozen=True)
class Style:
    """The writing of values and intervals, and the axis."""

    show: Callable[[float], str]
    show_interval: Callable[[Sequence[float] | None], str]
    bounds: tuple[float, float] = (-math.inf, math.inf)
    """The axis never goes past them."""
    through: Mapping[float, str] = field(default_factory=dict)
    """Values at which a named line stands."""


def forest(rows: Sequence[Row], style: Style) -> Forest:
    """Draws the plot. Its axis holds every interval and the values `through`, within the bounds."""
    # The lines through the plot are part of what it must show, also where no interval reaches them.
    ends = [*style.through]
    for row in rows:
        ends += [row.value, *(row.ci95 or ())]
    scale = Linear.around(ends, *style.bounds)
    lines = [_line(row, scale, style) for row in rows]
    named = " and ".join(f"{name} ({_short(value)})" for value, name in style.through.items())
    return Forest(lines, markup(_axis(scale)), named)


def _line(row: Row, scale: Linear, style: Style) -> Line:
    name, value, interval = brief(row.name), style.show(row.value), style.show_interval(row.ci95)
    drawing = _draw(row, scale, style.through, f"{name}: {value}, interval {interval}")
    return Line(name, row.kind, value, interval, row.rows, markup(drawing))


def _draw(row: Row, scale: Linear, through: Iterable[float], label: str) -> Element:
    middle = HEIGHT / 2
    root = element("svg", class_="forest", height=HEIGHT, role="img", aria_label=label)
    for value in scale.ticks():
        root.append(_upright("tick", scale, value, 0, HEIGHT))
    for value in through:
        root.append(_upright("edge", scale, value, 0, HEIGHT))
    if row.ci95 is not None:
        low, high = row.ci95
        ends = {"x1": percent(scale.share(low)), "x2": percent(scale.share(high))}
        root.append(element("line", class_="whisker", y1=middle, y2=middle, **ends))
        root.extend(_upright("whisker", scale, end, middle - 5, middle + 5) for end in (low, high))
    root.append(element("circle", class_="dot", cx=percent(scale.share(row.value)), cy=middle, r=5))
    return root


def _axis(scale: Linear) -> Element:
    root = element("svg", class_="forest-axis", height=18, aria_hidden="true")
    for value in scale.ticks():
        root.append(
            element("text", _short(value), class_="name", x=percent(scale.share(value)), y=13, text_anchor="middle")
        )
    return root


def _short(value: float) -> str:
    return f"{round(value, 9):g}".replace("-", "−")


def _upright(kind: str, scale: Linear, value: float, top: float, bottom: float) -> Element:
    across = percent(scale.share(value))
    return element("line", class_=kind, x1=across, x2=across, y1=top, y2=bottom)
