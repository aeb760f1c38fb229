"""What people decided, obeyed: before the steps, at each step, and after them. Decision 0022.

The held-out side is left alone, since whatever is moved there flatters somebody: there people give gold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.curate.step import Drop, Reviewed, Sample
from pipeline.decisions.rulings import Rulings
from pipeline.recipe.curate import Decontaminate, Pii, Step
from prompts.text import normalise

STEP = "review"
"""What verdicts and the funnel call it."""

PICKED = "not_chosen"
"""The reason by which `agreement` and `best` drop a reply for another one's sake."""


def obey(sample: Sample, rulings: Rulings) -> Sample | Drop:
    """A sample before the steps: with the text that people called right, or dropped where they rejected it."""
    ruling = rulings.samples.get(sample.sample_id)
    if sample.split == "heldout":
        return sample
    if ruling is None:
        if (sample.prompt_id, normalise(sample.completion)) in rulings.rejected:
            return Drop("rejected")
        preferred = sample.sample_id in rulings.better.values()
        return replace(sample, reviewed=Reviewed("prefer")) if preferred else sample
    if ruling.kind == "reject":
        return Drop("rejected")
    text = sample.completion if ruling.text is None else ruling.text
    return replace(sample, completion=text, reviewed=Reviewed(ruling.kind))


def keep_words(sample: Sample, kept: Sample, step: Step) -> Sample:
    """The sample after a step that kept it: `pii` alone may rewrite what people called right."""
    if sample.reviewed is None or sample.reviewed.kind == "prefer" or isinstance(step, Pii):
        return kept
    return replace(kept, completion=sample.completion, soft_labels=())


def spare(sample: Sample, step: Step, drop: Drop) -> Sample | None:
    """The sample where people's word overrides the drop, with what it overrode; None where it does not.

    Never `decontaminate`: that an answer is right does not make its prompt fit to train on. To be preferred to
    another reply overrides only that the other was chosen.
    """
    said = sample.reviewed
    if said is None or isinstance(step, Decontaminate) or (said.kind == "prefer" and drop.reason != PICKED):
        return None
    return sample if said.step else replace(sample, reviewed=Reviewed(said.kind, step.step, drop.reason))


def overruled(alive: Sequence[Sample]) -> set[str]:
    """Ids of kept train samples that a person's word on another reply to the prompt leaves no place for.

    That word is a relabel, or one for a reply that `agreement` or `best` had passed over.
    """
    settled = {sample.prompt_id for sample in alive if sample.reviewed is not None and _settles(sample.reviewed)}
    return {
        sample.sample_id
        for sample in alive
        if sample.prompt_id in settled and sample.reviewed is None and sample.split == "train"
    }


def _settles(said: Reviewed) -> bool:
    return said.kind == "relabel" or said.reason == PICKED
