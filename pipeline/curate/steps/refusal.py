"""Refusal: a reply in which the teacher speaks of itself instead of answering."""

from __future__ import annotations

from typing import ClassVar, Literal

from pipeline.recipe.step import Step, Tools
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict, each


class Refusal(Step):
    """Drops replies that begin by refusing, or by speaking of the teacher as an AI. English."""

    step: Literal["refusal"] = "refusal"

    reads_reply_alone: ClassVar[bool] = True

    def rule(self, tools: Tools) -> Rule:
        """Gives `refusal` or `boilerplate` as the reason."""
        # Its patterns take 20 ms to compile, which a recipe without the step need not wait for.
        from pipeline.curate.refusals import kind_of_refusal

        def verdict(sample: Sample) -> Verdict:
            reason = kind_of_refusal(sample.completion)
            return Keep(sample) if reason is None else Drop(reason)

        return each(verdict)


STEP = Refusal
