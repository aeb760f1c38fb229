from __future__ import annotations

from dataclasses import replace

from pipeline.report.cascade import cascade_chart, cascade_facts
from tests.pipeline.report.make import cascade


def test_without_prices_the_cascade_is_shown_over_what_is_handed_over() -> None:
    points = tuple(replace(point, cost_per_1000_usd=None) for point in cascade().curve)
    chart = cascade_chart(replace(cascade(), curve=points))
    assert chart is not None
    assert chart.across == "share of calls handed over"


def test_no_chosen_threshold_has_its_reason() -> None:
    unchosen = replace(cascade(), chosen=None, reason="29 rows are fewer than 30", curve=(), confidence_auc=None)
    assert cascade_facts(unchosen) == {"chosen point": "none: 29 rows are fewer than 30"}
