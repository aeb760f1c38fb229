"""Outcome: only whole answers stay."""

from __future__ import annotations

from typing import ClassVar, Literal

from pipeline.recipe.step import Step, Tools
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict, each


class Outcome(Step):
    """Drops answers that are not whole: refused, truncated, filtered."""

    step: Literal["outcome"] = "outcome"

    reads_reply_alone: ClassVar[bool] = True

    def rule(self, tools: Tools) -> Rule:
        """Gives the outcome itself as the reason."""
        return each(_verdict)


def _verdict(sample: Sample) -> Verdict:
    if sample.outcome == "ok":
        return Keep(sample)
    return Drop(sample.outcome)


STEP = Outcome
