"""Outcome: whole answers stay."""

from __future__ import annotations

from pipeline.curate.steps.outcome import Outcome
from tests.pipeline.curate.make import reason, rule_of, sample


def test_outcome_drops_what_is_no_whole_answer() -> None:
    verdicts = rule_of(Outcome())([sample(), sample(outcome="refused"), sample(outcome="truncated")])
    assert [reason(verdict) for verdict in verdicts] == ["kept", "refused", "truncated"]
