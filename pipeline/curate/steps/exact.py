"""Exact: one of the texts that are equal after normalisation stays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from pipeline.curate.dedupe import On, bests, text_of, unit_of
from pipeline.recipe.step import Step, Tools
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict
from prompts.text import normalise


class Exact(Step):
    """Keeps one of the texts that are equal after Unicode, case and white-space normalisation."""

    step: Literal["exact"] = "exact"
    on: On = "prompt"
    """What is compared. `prompt`: what the student is asked, all samples of a prompt staying or leaving together;
    `reply`: what it will answer; `both`: the two as one text."""

    def rule(self, tools: Tools) -> Rule:
        """Keeps one prompt, or one sample, of each text: the one that `bests` names."""
        return partial(_exact, self.on)


def _exact(on: On, samples: Sequence[Sample]) -> list[Verdict]:
    keys = [normalise(text_of(sample, on)) for sample in samples]
    kept = bests(samples, keys)
    verdicts: list[Verdict] = []
    for sample, key in zip(samples, keys, strict=True):
        if unit_of(sample, on) == unit_of(kept[key], on):
            verdicts.append(Keep(sample))
        else:
            verdicts.append(Drop("exact_duplicate"))
    return verdicts


STEP = Exact
