"""The training's curve."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from pipeline.display.wording import DASH, number
from pipeline.report.charts.chart import Chart, chart
from pipeline.report.charts.plot import Axis, Mark, Series
from pipeline.report.charts.scales import Linear
from pipeline.train.log import Curve, Point

POINTS = 120
"""Most points of a line: with more steps each is the mean of several."""
BEYOND = 1.5
"""The axis ends at this many times the 95th percentile of what was measured: a first step must not flatten the rest."""


def training_chart(curve: Curve, best_step: int | None) -> Chart | None:
    """Training and validation loss over the steps, the kept weights marked; None without two steps."""
    if len(curve.train) < 2:
        return None
    train, validation = thin(curve.train), thin(curve.validation)
    values = [loss for _, loss in (*train, *validation)]
    steps = Axis("optimiser step", Linear.around([0, curve.train[-1][0]]), number)
    losses = Axis("loss, nats per token of the answer", Linear.around([0, *_without_outliers(values)]), _loss)
    series = [Series("training", "train", train), Series("validation", "validation", validation, dots=True)]
    return chart(
        "Loss",
        steps,
        losses,
        [one for one in series if one.points],
        ("step", "training", "validation"),
        _rows(train, validation),
        _kept(curve, best_step),
    )


def thin(points: Sequence[Point]) -> list[tuple[float, float]]:
    """At most POINTS points, each the mean of as many neighbours; steps stay ascending."""
    width = -(-len(points) // POINTS) or 1
    groups = [points[start : start + width] for start in range(0, len(points), width)]
    return [(group[-1][0], fmean(loss for _, loss in group)) for group in groups]


def _without_outliers(values: Sequence[float]) -> list[float]:
    limit = BEYOND * sorted(values)[int(0.95 * (len(values) - 1))]
    return [value for value in values if value <= limit]


def _kept(curve: Curve, best_step: int | None) -> list[Mark]:
    marks = []
    for step, loss in curve.validation:
        if step == best_step:
            marks.append(Mark(f"kept: step {step}, {_loss(loss)}", (step, loss)))
    return marks


def _rows(train: Sequence[tuple[float, float]], validation: Sequence[tuple[float, float]]) -> list[tuple[str, ...]]:
    taught, watched = dict(train), dict(validation)
    return [
        (number(step), *(_loss(line[step]) if step in line else DASH for line in (taught, watched)))
        for step in sorted(taught | watched)
    ]


def _loss(value: float) -> str:
    return f"{value:.3g}"
