"""In which order a person goes through the samples: what there is to learn the most from, first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Literal

from pipeline.review.candidates import Candidate, by_prompt, normal
from prompts.digest import digest

By = Literal["uncertainty", "disagreement", "random"]

MEASURES = {
    "label_margin": "the margin between the two likeliest labels",
    "vote_margin": "the margin of the vote",
    "mean_logprob": "the mean logprob of the tokens",
}
"""What uncertainty is measured by, the best first, and in words."""


def ordered(
    candidates: Sequence[Candidate], by: By, *, student: Mapping[str, str], labels: Sequence[str]
) -> tuple[list[Candidate], str]:
    """The candidates in the order `by`, and in words what it goes by. Ties go by a digest, the same for all reviewers.

    `student` has the student's answers by prompt id, where there are any.
    """
    shuffled = sorted(candidates, key=lambda one: digest(["review", one.sample_id]))
    match by:
        case "uncertainty":
            return _by_uncertainty(shuffled)
        case "disagreement":
            return _by_disagreement(shuffled, student, labels)
        case "random":
            return shuffled, "chance"


def _by_uncertainty(candidates: Sequence[Candidate]) -> tuple[list[Candidate], str]:
    """The least sure first, by one measure for all: their units differ. What it does not tell comes last."""
    for name, words in MEASURES.items():
        measure = attrgetter(name)
        if any(measure(one) is not None for one in candidates):
            rank = [(measure(one) is None, measure(one) or 0.0) for one in candidates]
            order = sorted(range(len(candidates)), key=rank.__getitem__)
            return [candidates[place] for place in order], words
    return list(candidates), "chance: the run has neither logprobs nor votes"


def _by_disagreement(
    candidates: Sequence[Candidate], student: Mapping[str, str], labels: Sequence[str]
) -> tuple[list[Candidate], str]:
    """The prompts with the most different answers first, a prompt's answers together, the student's among them."""
    answers: dict[str, set[str]] = {
        prompt: {one.key[1] for one in found} for prompt, found in by_prompt(candidates).items()
    }
    for prompt, text in student.items():
        if prompt in answers:
            answers[prompt].add(normal(text, labels))
    found = sorted(candidates, key=lambda one: (-len(answers[one.key[0]]), digest(one.key[0]), one.side == "dropped"))
    return found, "how many different answers a prompt has"
