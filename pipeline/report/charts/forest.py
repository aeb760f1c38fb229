"""A forest plot: an estimate with its interval on each line, over one axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from markupsafe import Markup

from pipeline.display.wording import brief
from pipeline.report.charts.scales import Linear
from pipeline.report.charts.svg import Element, element, markup, percent

HEIGHT = 28
"""Of a line, in pixels."""


@dataclass(slots=True, frozen=True)
class Estimate:
    """A line: a value with its 95 % interval, where it has one, and the rows behind it, where they are known."""

    name: str
    value: float
    ci95: Sequence[float] | None
    rows: int | None = None
    kind: str = "other"


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


def forest(
    estimates: Sequence[Estimate],
    show: Callable[[float], str],
    show_interval: Callable[[Sequence[float] | None], str],
    *,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    through: Mapping[float, str] = MappingProxyType({}),
) -> Forest:
    """The plot. Its axis holds every interval and the values `through`, at which a named line stands, in `bounds`."""
    ends = [end for one in estimates for end in (one.value, *(one.ci95 or ()))]
    scale = Linear.around([*ends, *through], *bounds)
    lines = [
        Line(
            brief(one.name),
            one.kind,
            show(one.value),
            show_interval(one.ci95),
            one.rows,
            markup(
                _line(one, scale, through, f"{brief(one.name)}: {show(one.value)}, interval {show_interval(one.ci95)}")
            ),
        )
        for one in estimates
    ]
    named = " and ".join(f"{name} ({_short(value)})" for value, name in through.items())
    return Forest(lines, markup(_axis(scale)), named)


def _line(one: Estimate, scale: Linear, through: Iterable[float], label: str) -> Element:
    middle = HEIGHT / 2
    root = element("svg", class_="forest", height=HEIGHT, role="img", aria_label=label)
    for value in scale.ticks():
        root.append(_upright("tick", scale, value, 0, HEIGHT))
    for value in through:
        root.append(_upright("edge", scale, value, 0, HEIGHT))
    if one.ci95 is not None:
        low, high = one.ci95
        ends = {"x1": percent(scale.share(low)), "x2": percent(scale.share(high))}
        root.append(element("line", class_="whisker", y1=middle, y2=middle, **ends))
        root.extend(_upright("whisker", scale, end, middle - 5, middle + 5) for end in (low, high))
    root.append(element("circle", class_="dot", cx=percent(scale.share(one.value)), cy=middle, r=5))
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
