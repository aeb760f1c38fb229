"""What curation keeps so far, while replies still come in: for the eye; the curate stage decides."""

from __future__ import annotations

from pipeline.curate.curate import rule_of
from pipeline.curate.step import Keep, Sample
from pipeline.curate.tokens import NO_TOKENS
from pipeline.recipe.curate import Curate, Format, Outcome, Refusal, Repetition
from teachers.base import Reply


class KeptSoFar:
    """Counts the replies that the recipe's first steps keep, as far as these look at one sample alone."""

    def __init__(self, config: Curate, before: int = 0) -> None:
        """`before`: samples that the whole of curation kept of what was asked earlier."""
        self.count = before
        self._rules = []
        for step in config.steps:
            if not isinstance(step, Outcome | Format | Refusal | Repetition):
                break
            self._rules.append(rule_of(step))

    def add(self, reply: Reply) -> None:
        """One more reply."""
        sample = Sample("", "", (), (), reply.text, reply.outcome, NO_TOKENS, "train", "", completion=reply.text)
        for rule in self._rules:
            [verdict] = rule([sample])
            if not isinstance(verdict, Keep):
                return
            sample = verdict.sample
        self.count += 1
