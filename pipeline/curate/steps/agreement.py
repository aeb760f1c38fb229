"""Agreement: a prompt's samples vote on its reply."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from pipeline.curate.vote_groups import Ballot, vote_groups_of
from pipeline.recipe.step import Step, Tools
from pipeline.recipe.teachers import Combine
from pipeline.recipe.verdict import NOT_CHOSEN, Drop, Keep, Rule, Sample, Verdict


class Agreement(Step):
    """Keeps one reply a prompt, the most voted; drops train prompts whose vote is too split.

    The vote's shares become the kept row's soft labels.
    """

    step: Literal["agreement"] = "agreement"
    by: Literal["text", "label", "json", "number"] = "text"
    """What must be the same: `text` and `label` but for case, white space and Unicode form, `label` but for outer
    punctuation too; `json` the values of `fields`; `number` the last number of the reply."""
    fields: list[str] = Field(default_factory=list)
    """`json`: the fields that are compared; none compares the whole value. A missing field is null."""
    tolerance: float = Field(0, ge=0)
    """`number`: numbers that span at most this are the same."""
    min_share: float = Field(0.5, ge=0, le=1)
    """The share of a prompt's samples that must give the winning reply."""
    min_margin: float = Field(0, ge=0, le=1)
    """How far the winner's share must be above the next one's."""

    # The outvoted are worse than the winner; what could not vote is not even in the form in which the others answered.
    worse: ClassVar[Mapping[str, bool]] = {NOT_CHOSEN: False, "no_vote": True}

    @model_validator(mode="after")
    def _check(self) -> Agreement:
        for name, by in (("fields", "json"), ("tolerance", "number")):
            if getattr(self, name) and self.by != by:
                raise ValueError(f"'{name}' needs by: {by}")
        return self

    def rule(self, tools: Tools) -> Rule:
        """Keeps one sample a prompt: of the most voted reply, with the vote's shares as its soft labels.

        Its margin is the winners' share. The others are `not_chosen`, and those whose vote could not be read `no_vote`:
        they count against the winner. A train prompt whose vote is too split is dropped whole, as `disagreement` or
        `low_margin`; a held-out one stays, since its question is still to be answered. Ties go by sample id, which is
        a digest, so neither the rows' order nor the alphabet decides.
        """
        return partial(_agreement, self)

    def is_worse(self, reason: str, rejected: Sample, chosen: Sample | None) -> bool:
        """Leaves out the winner's own fellows: they leave for the same reason, for one stands for all."""
        if not super().is_worse(reason, rejected, chosen):
            return False
        if chosen is None or reason != NOT_CHOSEN:
            return True
        return len(vote_groups_of([chosen, rejected], self.ballot)) == 2

    @classmethod
    def picking(cls, combine: Combine) -> Self | None:
        """Picks for `vote`."""
        if combine.how != "vote":
            return None
        return cls(min_share=combine.min_share)

    @property
    def ballot(self) -> Ballot:
        """When two replies say the same."""
        return Ballot(self.by, tuple(self.fields), self.tolerance)


@dataclass(slots=True, frozen=True)
class _Poll:
    """How a prompt's vote ended."""

    chosen: Sample
    """The sample that stands for the winners."""
    share: float
    """The winners, of all samples."""
    margin: float
    """The winners less the next group, of all samples."""
    soft_labels: tuple[tuple[str, float], ...]
    """Each group's text and its share of the votes that could be read."""
    voters: frozenset[str]
    """The ids of the samples that could be read."""


def _agreement(config: Agreement, samples: Sequence[Sample]) -> list[Verdict]:
    by_prompt: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_prompt[sample.prompt_id].append(sample)
    polls: dict[str, _Poll | None] = {}
    for prompt, voters in by_prompt.items():
        if not _is_settled(voters):
            polls[prompt] = _poll(voters, config.ballot)
    verdicts: list[Verdict] = []
    for sample in samples:
        if sample.prompt_id in polls:
            verdicts.append(_verdict(sample, polls[sample.prompt_id], config))
        else:
            verdicts.append(Keep(sample))
    return verdicts


def _poll(samples: Sequence[Sample], ballot: Ballot) -> _Poll | None:
    """Counts a prompt's votes; None where none could be read."""
    groups = vote_groups_of(samples, ballot)
    if not groups:
        return None
    sizes = [len(group) for group in groups]
    second = sizes[1] if len(sizes) > 1 else 0
    return _Poll(
        chosen=groups[0][0],
        share=sizes[0] / len(samples),
        margin=(sizes[0] - second) / len(samples),
        soft_labels=tuple((group[0].completion, len(group) / sum(sizes)) for group in groups),
        voters=frozenset(sample.sample_id for group in groups for sample in group),
    )


def _is_settled(samples: Sequence[Sample]) -> bool:
    """Says whether an earlier vote chose this sample: it stands for that vote."""
    return len(samples) == 1 and bool(samples[0].soft_labels)


def _verdict(sample: Sample, poll: _Poll | None, config: Agreement) -> Verdict:
    # Before the shares: on both sides of the split, what could not be read is no answer.
    if poll is None or sample.sample_id not in poll.voters:
        return Drop("no_vote")
    if sample.split == "train" and poll.share < config.min_share:
        return Drop("disagreement", poll.share)
    if sample.split == "train" and poll.margin < config.min_margin:
        return Drop("low_margin", poll.margin)
    if sample.sample_id != poll.chosen.sample_id:
        return Drop(NOT_CHOSEN, poll.share)
    return Keep(replace(sample, margin=poll.share, soft_labels=poll.soft_labels))


STEP = Agreement
