"""Counts of the stages: read as written, and refused where they are others."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.run.counts import (
    KINDS,
    Counts,
    CurateCounts,
    EvaluateCounts,
    FunnelStep,
    GenerateCounts,
    PackageCounts,
    ReportCounts,
    ReviewCounts,
    read_counts,
)
from pipeline.run.parse import Misfit

NUMBER = st.integers(0, 10**12)
NAME = st.text(alphabet="abc_é", min_size=1, max_size=6)
BY_NAME = st.dictionaries(NAME, NUMBER, max_size=3)
FUNNEL = st.builds(FunnelStep, step=NAME, entered=NUMBER, left=NUMBER, reasons=BY_NAME)
REVIEW = st.builds(ReviewCounts, reviewed=NUMBER, contested=NUMBER, obeyed=st.none() | NAME)


def built(kind: type[Counts], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Counts]:
    """Counts of a kind: whole numbers as JSON can have them, and what is given."""
    numbers = {item.name: NUMBER for item in fields(kind) if item.type == "int"}
    return st.builds(kind, **{**numbers, **given})


COUNTS = st.one_of(
    built(GenerateCounts, outcomes=BY_NAME, accepted=st.none() | NUMBER, cost_usd=st.none() | st.floats(0, 1e6)),
    built(
        CurateCounts,
        dropped=st.dictionaries(NAME, BY_NAME, max_size=2),
        failed=BY_NAME,
        review=st.none() | REVIEW,
        funnel=st.lists(FUNNEL, max_size=3).map(tuple),
    ),
    built(PackageCounts),
    built(EvaluateCounts, scores=st.dictionaries(NAME, st.none() | st.floats(0, 1), max_size=3)),
    built(ReportCounts),
)


@given(counts=COUNTS)
def test_counts_come_back_from_the_manifest_as_they_were(counts: Counts) -> None:
    assert read_counts(counts.STAGE, counts.to_dict()) == counts


@pytest.mark.parametrize("stage", KINDS)
def test_a_count_that_is_unknown_or_missing_is_refused(stage: str) -> None:
    with pytest.raises(Misfit):
        read_counts(stage, {})
    if stage != "train":
        with pytest.raises(Misfit):
            read_counts(stage, {"nonsense": 1})


@pytest.mark.parametrize("stage", ["bakeoff", "tune"])
def test_what_counts_nothing_has_no_counts(stage: str) -> None:
    assert read_counts(stage, {}) is None
    with pytest.raises(Misfit, match=f"'{stage}' counts nothing"):
        read_counts(stage, {"rows": 1})


def test_generation_with_failures_left_is_not_done_and_its_outcomes_are_later_stages_inputs() -> None:
    values: dict[str, Any] = {
        "rows": 3, "prompts": 3, "merged": 0, "samples": 3, "outcomes": {"ok": 2, "transient": 1},
        "input_tokens": 9, "output_tokens": 3, "cost_usd": None, "to_ask_again": 1,
    }  # fmt: skip
    counts = GenerateCounts.read(values)
    assert counts.left_to_ask() == 1
    assert counts.outcomes_for_later() == {"ok": 2, "transient": 1}
    assert ReportCounts(5).left_to_ask() == 0
    assert ReportCounts(5).outcomes_for_later() is None


def test_later_stages_hear_of_the_reviews_that_curation_obeyed() -> None:
    counts = CurateCounts(0, 0, 0, 0, {}, {}, (), 0, 0)
    assert counts.rulings_for_later("all") == "all"
    reviewed = CurateCounts(0, 0, 0, 0, {}, {}, (), 0, 0, ReviewCounts(2, 0, "train side"))
    assert reviewed.rulings_for_later("all") == "train side"
