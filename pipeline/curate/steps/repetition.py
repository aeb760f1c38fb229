"""Repetition: a reply that fell into a loop, saying the same words over and over."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from pipeline.recipe.step import Step, Tools
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict, each


class Repetition(Step):
    """Drops replies that fell into a loop."""

    step: Literal["repetition"] = "repetition"
    times: int = Field(4, ge=2)
    """How often the same run of up to 256 words must come in a row."""
    min_words: int = Field(12, ge=2)
    """How many words all of that must be: "no, no, no, no" is no loop."""

    reads_reply_alone: ClassVar[bool] = True

    def rule(self, tools: Tools) -> Rule:
        """Gives how often the run comes as the score."""
        from pipeline.curate.loops import loops, units_of

        def verdict(sample: Sample) -> Verdict:
            times = loops(units_of(sample.completion), self.min_words, self.times)
            if times >= self.times:
                return Drop("loop", times)
            return Keep(sample)

        return each(verdict)


STEP = Repetition
