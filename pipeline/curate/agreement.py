"""Agreement: a prompt's samples vote on its reply."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from pipeline.curate.step import Drop, Keep, Sample, Verdict
from pipeline.curate.text import normalise


def agreement(samples: Sequence[Sample], *, min_share: float) -> list[Verdict]:
    """Keeps one sample a prompt: the first with the most voted reply, and the vote's share as its margin.

    The others are `not_chosen`. A train prompt whose winner has less than `min_share` of the votes is
    dropped whole as `disagreement`; a held-out one stays, since its question is still to be answered.
    A tie goes to the reply that came first.
    """
    ballots: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        ballots[sample.prompt_id].append(sample)
    winners = {prompt: _winner(voters) for prompt, voters in ballots.items()}
    return [_verdict(sample, *winners[sample.prompt_id], min_share) for sample in samples]


def _winner(voters: list[Sample]) -> tuple[str, float]:
    """The id of the sample that stands for the prompt, and the share of its reply."""
    votes = Counter(normalise(voter.completion) for voter in voters)
    reply, count = votes.most_common(1)[0]
    chosen = next(voter for voter in voters if normalise(voter.completion) == reply)
    return chosen.sample_id, count / len(voters)


def _verdict(sample: Sample, chosen: str, share: float, min_share: float) -> Verdict:
    if sample.split == "train" and share < min_share:
        return Drop("disagreement", share)
    return Keep(replace(sample, margin=share)) if sample.sample_id == chosen else Drop("not_chosen", share)
