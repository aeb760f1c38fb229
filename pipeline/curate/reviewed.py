"""What people decided, obeyed: before the steps, at each step, and after them. Decision 0022.

The held-out side is left alone, since whatever is moved there flatters somebody: there people give gold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.decisions.rulings import Rulings
from pipeline.recipe.step import Step
from pipeline.recipe.verdict import NOT_CHOSEN, Drop, Reviewed, Sample
from prompts.text import normalise

REVIEW = "review"
"""What verdicts and the funnel call people's decisions, as if they were a step."""


def obey(sample: Sample, rulings: Rulings) -> Sample | Drop:
    """Returns a sample before the steps: with the text that people called right, or dropped where they rejected it."""
    ruling = rulings.samples.get(sample.sample_id)
    if sample.split == "heldout":
        return sample
    if ruling is None:
        # The person rejected what it says, whichever of the prompt's samples they were shown.
        if (sample.prompt_id, normalise(sample.completion)) in rulings.rejected:
            return Drop("rejected")
        if sample.sample_id in rulings.better.values():
            return replace(sample, reviewed=Reviewed("prefer"))
        return sample
    if ruling.kind == "reject":
        return Drop("rejected")
    text = sample.completion if ruling.text is None else ruling.text
    return replace(sample, completion=text, reviewed=Reviewed(ruling.kind))


def as_seen(sample: Sample, rulings: Rulings) -> Sample:
    """Returns a sample with the text that people judged, which an earlier curation may have rewritten."""
    ruling = rulings.samples.get(sample.sample_id)
    if ruling is None or not ruling.seen:
        return sample
    return replace(sample, completion=ruling.seen)


def keep_words(sample: Sample, kept: Sample, step: Step) -> Sample:
    """Returns a sample after a step that kept it: few steps may rewrite what people called right."""
    if sample.reviewed is None or sample.reviewed.kind == "prefer" or step.rewrites_people:
        return kept
    # Its soft labels are of the step's own text, and a person's word leaves no doubt to learn.
    return replace(kept, completion=sample.completion, soft_labels=())


def spare(sample: Sample, step: Step, drop: Drop) -> Sample | None:
    """Returns a sample where people's word overrides its drop, with what it overrode; None where it does not.

    To be preferred to another reply overrides only that the other was chosen.
    """
    reviewed = sample.reviewed
    if reviewed is None or not step.obeys_people:
        return None
    if reviewed.kind == "prefer" and drop.reason != NOT_CHOSEN:
        return None
    if reviewed.step is not None:
        return sample  # the first drop that was overridden is told, and no later one
    return replace(sample, reviewed=Reviewed(reviewed.kind, step.step, drop.reason))


def overruled(alive: Sequence[Sample]) -> set[str]:
    """Finds the kept train samples that a person's word on another reply to the prompt leaves no place for.

    That word is a relabel, or a word for a reply that a step had passed over for another.
    """
    settled = {sample.prompt_id for sample in alive if sample.reviewed is not None and _settles(sample.reviewed)}
    ids: set[str] = set()
    for sample in alive:
        if sample.prompt_id in settled and sample.reviewed is None and sample.split == "train":
            ids.add(sample.sample_id)
    return ids


def _settles(reviewed: Reviewed) -> bool:
    return reviewed.kind == "relabel" or reviewed.reason == NOT_CHOSEN
