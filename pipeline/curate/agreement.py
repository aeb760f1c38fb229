"""Agreement: a prompt's samples vote on its reply."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.curate.step import Drop, Keep, Sample, Verdict
from pipeline.curate.vote_groups import vote_groups_of
from pipeline.recipe.curate import Agreement


@dataclass(slots=True, frozen=True)
class _Poll:
    """How a prompt's vote ended."""

    chosen: Sample
    """The sample that stands for the winners."""
    share: float
    """The winners, of all samples."""
    margin: float
    """The winners less the next camp, of all samples."""
    soft_labels: tuple[tuple[str, float], ...]
    """Each camp's text and its share of the votes that could be read."""
    voters: frozenset[str]
    """The ids of the samples that could be read."""


def agreement(samples: Sequence[Sample], config: Agreement) -> list[Verdict]:
    """Keeps one sample a prompt: of the most voted reply, with the vote's shares as its soft labels.

    Its margin is the winners' share. The others are `not_chosen`, and those whose vote could not be read `no_vote`:
    they count against the winner. A train prompt whose vote is too split is dropped whole, as `disagreement` or
    `low_margin`; a held-out one stays, since its question is still to be answered. Ties go by sample id, which is
    a digest, so neither the rows' order nor the alphabet decides.
    """
    ballots: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        ballots[sample.prompt_id].append(sample)
    polls = {prompt: _poll(voters, config) for prompt, voters in ballots.items() if not _is_settled(voters)}
    return [
        _verdict(sample, polls[sample.prompt_id], config) if sample.prompt_id in polls else Keep(sample)
        for sample in samples
    ]


def _poll(samples: Sequence[Sample], config: Agreement) -> _Poll | None:
    """None where no vote could be read."""
    vote_groups = vote_groups_of(samples, config)
    if not vote_groups:
        return None
    sizes = [len(vote_group) for vote_group in vote_groups]
    ahead = sizes[0] - (sizes[1] if len(sizes) > 1 else 0)
    shares = tuple((vote_group[0].completion, len(vote_group) / sum(sizes)) for vote_group in vote_groups)
    voters = frozenset(sample.sample_id for vote_group in vote_groups for sample in vote_group)
    return _Poll(vote_groups[0][0], sizes[0] / len(samples), ahead / len(samples), shares, voters)


def _is_settled(samples: Sequence[Sample]) -> bool:
    """Whether an earlier vote chose this sample: it stands for that vote."""
    return len(samples) == 1 and bool(samples[0].soft_labels)


def _verdict(sample: Sample, poll: _Poll | None, config: Agreement) -> Verdict:
    if poll is None or sample.sample_id not in poll.voters:
        return Drop("no_vote")
    if sample.split == "train" and poll.share < config.min_share:
        return Drop("disagreement", poll.share)
    if sample.split == "train" and poll.margin < config.min_margin:
        return Drop("low_margin", poll.margin)
    if sample.sample_id != poll.chosen.sample_id:
        return Drop("not_chosen", poll.share)
    return Keep(replace(sample, margin=poll.share, soft_labels=poll.soft_labels))
