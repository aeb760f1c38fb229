"""The training's curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from pipeline.display.wording import DASH, number
from pipeline.report.charts.chart import Chart, Table, chart
from pipeline.report.charts.plot import Axis, Mark, Plot, Series
from pipeline.report.charts.scales import Linear
from pipeline.train.log import Curve, Point

POINTS = 120
"""Most points of a line: with more steps each is the mean of several."""
BEYOND = 1.5
"""The axis ends at this many times the 95th percentile of what was measured: a first step must not flatten the rest."""


def training_chart(curve: Curve, best_step: int | None) -> Chart | None:
    """Draws training and validation loss over the steps, the kept weights marked; None without two steps."""
    if len(curve.train) < 2:
        return None
    train, validation = thin(curve.train), thin(curve.validation)
    series = [Series("training", "train", train)]
    if validation:
        series.append(Series("validation", "validation", validation, dots=True))
    losses = [loss for _, loss in (*train, *validation)]
    plot = Plot(
        Axis("optimiser step", Linear.around([0, curve.train[-1][0]]), number),
        Axis("loss, nats per token of the answer", Linear.around([0, *_without_outliers(losses)]), _loss),
        series,
        _kept(curve, best_step),
    )
    return chart("Loss", plot, Table(("step", "training", "validation"), _rows(train, validation)))


def thin(points: Sequence[Point]) -> list[tuple[float, float]]:
    """Returns at most POINTS points, each the mean of as many neighbours; steps stay ascending."""
    width = -(-len(points) // POINTS) or 1
    thinned: list[tuple[float, float]] = []
    for start in range(0, len(points), width):
        group = points[start : start + width]
        thinned.append((group[-1][0], fmean(loss for _, loss in group)))
    return thinned


def _without_outliers(values: Sequence[float]) -> list[float]:
    # A percentile and not the largest: one step far above the others must not set the scale.
    limit = BEYOND * sorted(values)[int(0.95 * (len(values) - 1))]
    return [value for value in values if value <= limit]


def _kept(curve: Curve, best_step: int | None) -> list[Mark]:
    marks = []
    for step, loss in curve.validation:
        if step == best_step:
            marks.append(Mark(f"kept: step {step}, {_loss(loss)}", (step, loss)))
    return marks


def _rows(train: Sequence[tuple[float, float]], validation: Sequence[tuple[float, float]]) -> list[tuple[str, ...]]:
    train_losses, validation_losses = dict(train), dict(validation)
    rows: list[tuple[str, ...]] = []
    for step in sorted(train_losses | validation_losses):
        rows.append((number(step), _loss_at(train_losses, step), _loss_at(validation_losses, step)))
    return rows


def _loss_at(losses: Mapping[float, float], step: float) -> str:
    if step not in losses:
        return DASH
    return _loss(losses[step])


def _loss(value: float) -> str:
    return f"{value:.3g}"
