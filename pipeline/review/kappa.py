"""How far two reviewers agree beyond chance."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from pipeline.decisions.decision import Decision, Question, standing
from pipeline.review.candidates import normal


@dataclass(slots=True, frozen=True)
class Agreement:
    """Two reviewers on the questions that both have answered."""

    reviewers: tuple[str, str]
    questions: str
    """answers: what they said of single samples; pairs: which of two they chose."""
    n: int
    observed: float
    """The share of the questions on which they say the same."""
    kappa: float | None
    """1 is full agreement, 0 what chance gives; None where both always say one and the same thing."""


def agreements(decisions: Iterable[Decision], labels: Sequence[str]) -> list[Agreement]:
    """Of every two reviewers with a question in common. Single samples and pairs are told apart."""
    said: dict[str, dict[str, dict[Question, str]]] = defaultdict(lambda: defaultdict(dict))
    for one in standing(decisions):
        kind = "answers" if one.other_id is None else "pairs"
        said[kind][one.reviewer][one.question] = _category(one, labels)
    return [
        Agreement((first, second), kind, len(both), *cohens_kappa(both))
        for kind, reviewers in said.items()
        for first, second in combinations(sorted(reviewers), 2)
        if (both := [(one, reviewers[second][q]) for q, one in reviewers[first].items() if q in reviewers[second]])
    ]


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> tuple[float, float | None]:
    """Observed agreement and Cohen's kappa of two raters' categories, one pair an item; at least one pair.

    kappa = (p_o - p_e) / (1 - p_e), with p_e the agreement of two raters who keep their own shares and choose by
    chance: J. Cohen, A coefficient of agreement for nominal scales, Educ. Psychol. Meas. 20 (1960), 37-46.
    """
    n = len(pairs)
    first, second = Counter(one for one, _ in pairs), Counter(two for _, two in pairs)
    observed = sum(one == two for one, two in pairs) / n
    agreeing = sum(count * second[name] for name, count in first.items())  # n*n times p_e, exactly
    return observed, None if agreeing == n * n else (observed - agreeing / (n * n)) / (1 - agreeing / (n * n))


def _category(one: Decision, labels: Sequence[str]) -> str:
    """Where labels are few, the label that is called right; else what was done."""
    if one.kind == "prefer":
        return one.sample_id
    if labels and one.says is not None:
        return f"says {normal(one.says, labels)}"
    return "edit" if one.kind == "relabel" else one.kind
