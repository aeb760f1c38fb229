"""The cascade: what it scores by what it costs, and the threshold that was chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.display.wording import interval, number, share
from pipeline.report.charts.chart import Chart, Table, chart
from pipeline.report.charts.plot import Axis, Mark, Plot, Series
from pipeline.report.charts.scales import Linear
from pipeline.report.economy import price_tick
from pipeline.report.estimates import difference, known_lines, price, ratio
from pipeline.run.evaluation.costs import Cascade, CascadePoint, ChosenPoint
from pipeline.run.evaluation.estimate import Estimate

COLUMNS = ("confidence below", "handed over", "score", "95 % interval", "per 1,000 calls")


@dataclass(slots=True, frozen=True)
class Across:
    """The axis that the score is shown over."""

    title: str
    read: Callable[[CascadePoint], Estimate | None]
    tick: Callable[[float], str]


def cascade_chart(cascade: Cascade) -> Chart | None:
    """Draws the score against the cost, or, where that is not known, against the share that is handed over."""
    across = Across("dollars per 1,000 calls", lambda point: point.cost_per_1000_usd, price_tick)
    points = _placed(cascade.curve, across)
    if not points:
        across = Across("share of calls handed over", lambda point: point.handed_over, _short)
        points = _placed(cascade.curve, across)
    if len(points) < 2:
        return None
    band = [(place, *point.score.interval) for place, point in points if point.score.interval is not None]
    line = Series("cascade", "cascade", [(place, point.score.value) for place, point in points], band)
    heights = [point.score.value for _, point in points]
    for _, low, high in band:
        heights += [low, high]
    plot = Plot(
        Axis(across.title, Linear.around(place for place, _ in points), across.tick),
        Axis("score", Linear.around(heights, 0, 1), _short),
        [line],
        _chosen(cascade.chosen, across),
    )
    return chart("Cascade", plot, Table(COLUMNS, [_row(point) for _, point in points]))


def _placed(curve: Sequence[CascadePoint], across: Across) -> list[tuple[float, CascadePoint]]:
    """Returns the points that have a place, from left to right."""
    points = []
    for point in curve:
        place = across.read(point)
        if place is not None:
            points.append((place.value, point))
    return sorted(points, key=lambda pair: pair[0])


def _row(point: CascadePoint) -> tuple[str, ...]:
    below = f"{point.threshold:.3g}"
    if point.threshold > 1:
        below = "always"
    score = point.score
    return below, ratio(point.handed_over), share(score.value), interval(score.interval), price(point.cost_per_1000_usd)


def _chosen(chosen: ChosenPoint | None, across: Across) -> list[Mark]:
    if chosen is None:
        return []
    place = across.read(chosen)
    if place is None:
        return []
    return [Mark(f"chosen: {chosen.threshold:.3g}", (place.value, chosen.score.value))]


def cascade_facts(cascade: Cascade) -> dict[str, str]:
    """Says the chosen point in words, and how well confidence tells right from wrong."""
    facts = {}
    if cascade.chosen is not None:
        facts = _chosen_facts(cascade.chosen)
    elif cascade.reason is not None:
        facts = {"chosen point": f"none: {cascade.reason}"}
    confidence = cascade.confidence_auc
    if confidence is not None and confidence.auc is not None:
        facts["AUC of confidence against right and wrong"] = ratio(confidence.auc)
    return facts


def _chosen_facts(chosen: ChosenPoint) -> dict[str, str]:
    below = f"{chosen.threshold:.4g}"
    if chosen.threshold == 0:
        below += ": never"
    facts = {
        "ask the teacher where confidence is below": below,
        "handed over": ratio(chosen.handed_over),
        "score": ratio(chosen.score),
        "teacher's score on the same rows": ratio(chosen.teacher_score),
        "difference to the teacher": difference(chosen.minus_teacher),
        "per 1,000 calls": price(chosen.cost_per_1000_usd),
        "rows it is reported on": number(chosen.rows),
    }
    return known_lines(facts)


def _short(value: float) -> str:
    return f"{value:.2f}"
