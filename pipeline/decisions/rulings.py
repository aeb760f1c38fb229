"""What reviewers decided together: one ruling a sample, one answer a prompt. Where they are split, nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.decisions.decision import Decision, Kind, Question, standing
from pipeline.decisions.store import read_decisions
from prompts.digest import digest
from prompts.text import normalise


@dataclass(slots=True, frozen=True)
class Ruling:
    """What holds for a sample."""

    kind: Kind
    """accept, reject, edit or relabel."""
    text: str | None
    """The right answer; None where it is rejected, or accepted as it stands."""
    seen: str | None
    """The answer that was judged, as it was shown."""


@dataclass(slots=True, frozen=True)
class Rulings:
    """All of a run's; empty where nobody has reviewed, or they agree on nothing."""

    samples: Mapping[str, Ruling] = field(default_factory=dict)
    """By sample id."""
    better: Mapping[str, str] = field(default_factory=dict)
    """Of pairs: the worse sample's id, and the better one's. Of a sample that lost twice, the first by id."""
    gold: Mapping[str, str] = field(default_factory=dict)
    """By prompt id, the answer that people gave or accepted."""
    rejected: frozenset[tuple[str, str]] = frozenset()
    """Prompt ids with the answers that were rejected, normalised: whichever sample says it."""
    contested: int = 0
    """Questions on which reviewers are split evenly."""

    def __bool__(self) -> bool:
        return bool(self.samples or self.better or self.contested)

    @property
    def compares(self) -> bool:
        """Says whether any ruling makes a reply worse than another one, or than a person's own text."""
        return bool(self.better) or any(
            ruling.kind in ("reject", "edit", "relabel") for ruling in self.samples.values()
        )

    @property
    def digest(self) -> str | None:
        """Names what curation is to obey; None where there is nothing. A note, a name or a time changes nothing."""
        if not self.samples and not self.better:
            return None
        samples = {name: [ruling.kind, ruling.text, ruling.seen] for name, ruling in sorted(self.samples.items())}
        return digest([samples, sorted(self.better.items()), sorted(self.gold.items())])

    @property
    def gold_digest(self) -> str | None:
        """Names what evaluation is to score by; None where there is nothing."""
        if not self.gold:
            return None
        return digest(sorted(self.gold.items()))

    def about(self, sample_ids: Container[str]) -> Rulings:
        """Returns what is ruled on these samples, and between them; no gold."""
        samples = {name: ruling for name, ruling in self.samples.items() if name in sample_ids}
        better: dict[str, str] = {}
        for worse_id, better_id in self.better.items():
            if worse_id in sample_ids and better_id in sample_ids:
                better[worse_id] = better_id
        return Rulings(samples, better)


def read_rulings(path: Path) -> Rulings:
    """Reads the rulings of a run's reviews.sqlite, which need not exist."""
    return rule(read_decisions(path))


def rule(decisions: Iterable[Decision]) -> Rulings:
    """Rules by majority of the reviewers' standing decisions; a tie decides nothing."""
    by_question: dict[Question, list[Decision]] = defaultdict(list)
    for decision in standing(decisions):
        by_question[decision.question].append(decision)
    decided: list[Decision] = []
    contested = 0
    for of_question in by_question.values():
        winner = _majority(of_question)
        if winner is None:
            contested += 1
        else:
            decided.append(winner)
    decided.sort(key=lambda decision: decision.sample_id)
    samples: dict[str, Ruling] = {}
    better: dict[str, str] = {}
    rejected: set[tuple[str, str]] = set()
    for decision in decided:
        if decision.other_id is not None:
            better.setdefault(decision.other_id, decision.sample_id)
            continue
        samples[decision.sample_id] = Ruling(decision.kind, decision.says, decision.seen)
        if decision.kind == "reject" and decision.seen:
            rejected.add((decision.prompt_id, normalise(decision.seen)))
    return Rulings(samples, better, _gold(decided), frozenset(rejected), contested)


def _majority(decisions: Sequence[Decision]) -> Decision | None:
    """Returns the last decision of the largest group; None where two groups are as large."""
    vote_groups: dict[Hashable, list[Decision]] = defaultdict(list)
    for decision in decisions:
        vote_groups[_vote_group(decision)].append(decision)
    first, *rest = sorted(vote_groups.values(), key=len, reverse=True)
    if rest and len(rest[0]) == len(first):
        return None
    return first[-1]


def _vote_group(decision: Decision) -> Hashable:
    """Is the same for decisions that come to the same: an edit to what another accepted is no dispute."""
    if decision.kind in ("reject", "prefer"):
        return decision.kind, decision.sample_id
    if decision.says is None:
        return None
    return normalise(decision.says)


def _gold(decided: Iterable[Decision]) -> dict[str, str]:
    """Finds the right answers of prompts of which all right answers are alike.

    Accepted answers count as much as corrected ones: gold of corrections alone would hold the teacher's mistakes and
    none of its right answers.
    """
    answers: dict[str, list[str]] = defaultdict(list)
    for decision in decided:
        if decision.other_id is None and decision.says is not None:
            answers[decision.prompt_id].append(decision.says)
    gold: dict[str, str] = {}
    for prompt, texts in answers.items():
        if len({normalise(text) for text in texts}) == 1:
            gold[prompt] = texts[0]
    return gold
