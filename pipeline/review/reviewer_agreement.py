"""How far two reviewers agree beyond chance."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from pipeline.decisions.decision import Decision, Question, standing
from pipeline.review.candidates import normal


@dataclass(slots=True, frozen=True)
class ReviewerAgreement:
    """Two reviewers on the questions that both have answered."""

    reviewers: tuple[str, str]
    questions: str
    """answers: what they said of single samples; pairs: which of two they chose."""
    n: int
    observed: float
    """The share of the questions on which they say the same."""
    kappa: float | None
    """1 is full agreement, 0 what chance gives; None where both always say one and the same thing."""


Categories = Mapping[Question, str]
"""A reviewer's answer to each question."""


def agreements(decisions: Iterable[Decision], labels: Sequence[str]) -> list[ReviewerAgreement]:
    """Compares every two reviewers with a question in common. Single samples and pairs are told apart."""
    by_kind: dict[str, dict[str, dict[Question, str]]] = defaultdict(lambda: defaultdict(dict))
    for decision in standing(decisions):
        kind = "answers" if decision.other_id is None else "pairs"
        by_kind[kind][decision.reviewer][decision.question] = _category(decision, labels)
    agreements_found: list[ReviewerAgreement] = []
    for kind, reviewers in by_kind.items():
        for first, second in combinations(sorted(reviewers), 2):
            both = list(_answered_by_both(reviewers[first], reviewers[second]))
            if both:
                agreements_found.append(ReviewerAgreement((first, second), kind, len(both), *cohens_kappa(both)))
    return agreements_found


def _answered_by_both(first: Categories, second: Categories) -> Iterator[tuple[str, str]]:
    for question, category in first.items():
        if question in second:
            yield category, second[question]


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> tuple[float, float | None]:
    """Returns observed agreement and Cohen's kappa of two raters' categories, one pair an item; at least one pair.

    kappa = (p_o - p_e) / (1 - p_e), with p_e the agreement of two raters who keep their own shares and choose by
    chance: J. Cohen, A coefficient of agreement for nominal scales, Educ. Psychol. Meas. 20 (1960), 37-46.
    """
    n = len(pairs)
    first = Counter(category for category, _ in pairs)
    second = Counter(category for _, category in pairs)
    observed = sum(mine == theirs for mine, theirs in pairs) / n
    agreeing = sum(count * second[name] for name, count in first.items())  # n*n times p_e, exactly
    # Two who always say one and the same thing: 0 / 0, and nothing to learn of them.
    if agreeing == n * n:
        return observed, None
    by_chance = agreeing / (n * n)
    return observed, (observed - by_chance) / (1 - by_chance)


def _category(decision: Decision, labels: Sequence[str]) -> str:
    """Names the label that is called right, where labels are few; else what was done."""
    if decision.kind == "prefer":
        return decision.sample_id
    if labels and decision.says is not None:
        return f"says {normal(decision.says, labels)}"
    return "edit" if decision.kind == "relabel" else decision.kind
