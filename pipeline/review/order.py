"""In which order a person goes through the samples: what there is to learn the most from, first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Literal

from pipeline.review.candidates import Candidate, by_prompt, normal
from prompts.digest import digest

OrderBy = Literal["uncertainty", "disagreement", "random"]

MEASURES = {
    "label_margin": "the margin between the two likeliest labels",
    "vote_margin": "the margin of the vote",
    "mean_logprob": "the mean logprob of the tokens",
}
"""What uncertainty is measured by, the best first, and in words."""


def ordered(
    candidates: Sequence[Candidate], by: OrderBy, *, student: Mapping[str, str], labels: Sequence[str]
) -> tuple[list[Candidate], str]:
    """Puts the candidates in order, and says in words what it goes by.

    `student` has the student's answers by prompt id, where there are any.
    """
    # Ties go by a digest: the same for all reviewers, and no order of the source's own.
    shuffled = sorted(candidates, key=lambda candidate: digest(["review", candidate.sample_id]))
    match by:
        case "uncertainty":
            return _by_uncertainty(shuffled)
        case "disagreement":
            return _by_disagreement(shuffled, student, labels)
        case "random":
            return shuffled, "chance"


def _by_uncertainty(candidates: Sequence[Candidate]) -> tuple[list[Candidate], str]:
    """Puts the least sure first, by one measure for all: their units differ. What it does not tell comes last."""
    # The first that any candidate has: a margin of 0.1 nats and a vote of 0.1 cannot be put in one order.
    for name, words in MEASURES.items():
        measure = attrgetter(name)
        measured = [candidate for candidate in candidates if measure(candidate) is not None]
        if measured:
            rest = [candidate for candidate in candidates if measure(candidate) is None]
            return [*sorted(measured, key=measure), *rest], words
    return list(candidates), "chance: the run has neither logprobs nor votes"


def _by_disagreement(
    candidates: Sequence[Candidate], student: Mapping[str, str], labels: Sequence[str]
) -> tuple[list[Candidate], str]:
    """Puts the prompts with the most different answers first, the student's among them."""
    answers: dict[str, set[str]] = {}
    for prompt, group in by_prompt(candidates).items():
        answers[prompt] = {candidate.answer for candidate in group}
    for prompt, text in student.items():
        if prompt in answers:
            answers[prompt].add(normal(text, labels))

    def rank(candidate: Candidate) -> tuple[int, str, bool]:
        # The digest keeps a prompt's answers together where several prompts have as many.
        return -len(answers[candidate.prompt_id]), digest(candidate.prompt_id), candidate.side == "dropped"

    return sorted(candidates, key=rank), "how many different answers a prompt has"
