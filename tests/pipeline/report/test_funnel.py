from __future__ import annotations

import pytest

from pipeline.report.funnel import funnel
from pipeline.run.counts import CurateCounts
from pipeline.run.manifest import counts_of
from tests.pipeline.report.make import stages


def test_every_sample_is_on_one_line() -> None:
    everything, *parts = funnel(counts_of(stages(), CurateCounts))
    assert everything.count == sum(bar.count for bar in parts) == 800
    assert [(bar.label, bar.reason) for bar in parts if bar.kind == "lost"] == [
        ("failed", "transient"),
        ("format", "not_a_choice"),
        ("exact", "exact_duplicate"),
    ]
    assert everything.percent == 100


def test_the_bars_step_down_to_what_is_kept() -> None:
    bars = funnel(counts_of(stages(), CurateCounts))
    assert (bars[0].start, bars[0].percent) == (0, 100)
    lost = [bar for bar in bars if bar.kind == "lost"]
    assert [bar.start + bar.percent for bar in lost] == pytest.approx([100, *(bar.start for bar in lost[:-1])])
    train, heldout = (bar for bar in bars if bar.kind == "kept")
    assert train.start == 0
    assert heldout.start == pytest.approx(train.percent)
    assert heldout.start + heldout.percent == pytest.approx(lost[-1].start)


def test_before_curation_there_is_none() -> None:
    assert funnel(None) == []
