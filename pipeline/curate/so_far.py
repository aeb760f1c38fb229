"""What curation keeps so far, while replies still come in: for the eye; the curate stage decides."""

from __future__ import annotations

from itertools import takewhile

from pipeline.curate.tokens import NO_TOKENS
from pipeline.recipe.curate import Curate
from pipeline.recipe.step import Tools
from pipeline.recipe.verdict import Drop, Sample
from teachers.base import Reply


class KeptSoFar:
    """Counts the replies that the recipe's first steps keep, as far as these read nothing but the reply."""

    def __init__(self, config: Curate, before: int = 0) -> None:
        """`before`: samples that the whole of curation kept of what was asked earlier."""
        self.count = before
        first = takewhile(lambda step: step.reads_reply_alone, config.steps)
        self._rules = [step.rule(Tools()) for step in first]

    def add(self, reply: Reply) -> None:
        """Counts one more reply, where every rule keeps it."""
        sample = Sample("", "", (), (), reply.text, reply.outcome, NO_TOKENS, "train", "", completion=reply.text)
        for rule in self._rules:
            [verdict] = rule([sample])
            if isinstance(verdict, Drop):
                return
            sample = verdict.sample
        self.count += 1
