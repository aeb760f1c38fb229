from __future__ import annotations

from pipeline.report.funnel import funnel
from tests.pipeline.report.make import manifest


def test_every_sample_is_on_one_line() -> None:
    everything, *parts = funnel(manifest())
    assert everything.count == sum(bar.count for bar in parts) == 800
    assert [(bar.label, bar.reason) for bar in parts if bar.kind == "lost"] == [
        ("failed", "transient"),
        ("format", "not_a_choice"),
        ("exact", "exact_duplicate"),
    ]
    assert everything.percent == 100


def test_before_curation_there_is_none() -> None:
    assert funnel({"stages": {}}) == []
