"""What reviewers decided together: one ruling a sample, one answer a prompt. Where they are split, nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.decisions.decision import Decision, Kind, standing
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
        """Whether any of them says that a reply is worse than another one, or than a person's own text."""
        return bool(self.better) or any(one.kind in ("reject", "edit", "relabel") for one in self.samples.values())

    @property
    def digest(self) -> str | None:
        """Names what curation is to obey; None where there is nothing. A note, a name or a time changes nothing."""
        if not self.samples and not self.better:
            return None
        found = {name: [one.kind, one.text, one.seen] for name, one in sorted(self.samples.items())}
        return digest([found, sorted(self.better.items()), sorted(self.gold.items())])

    @property
    def gold_digest(self) -> str | None:
        """Names what evaluation is to score by; None where there is nothing."""
        return digest(sorted(self.gold.items())) if self.gold else None

    def about(self, sample_ids: Container[str]) -> Rulings:
        """What is said of these samples, and between them; no gold."""
        samples = {name: one for name, one in self.samples.items() if name in sample_ids}
        better = {worse: one for worse, one in self.better.items() if worse in sample_ids and one in sample_ids}
        return Rulings(samples, better)


def read_rulings(path: Path) -> Rulings:
    """The rulings of a run's reviews.sqlite, which need not exist."""
    return rule(read_decisions(path))


def rule(decisions: Iterable[Decision]) -> Rulings:
    """By majority of the reviewers' standing decisions; a tie decides nothing."""
    questions: dict[tuple[str, ...], list[Decision]] = defaultdict(list)
    for one in standing(decisions):
        questions[one.question].append(one)
    winners = {question: _majority(found) for question, found in questions.items()}
    decided = sorted((one for one in winners.values() if one is not None), key=lambda one: one.sample_id)
    singles = [one for one in decided if one.other_id is None]
    better: dict[str, str] = {}
    for one in decided:
        if one.other_id is not None:
            better.setdefault(one.other_id, one.sample_id)
    return Rulings(
        {one.sample_id: Ruling(one.kind, one.says, one.seen) for one in singles},
        better,
        _gold(singles),
        frozenset((one.prompt_id, normalise(one.seen)) for one in singles if one.kind == "reject" and one.seen),
        sum(one is None for one in winners.values()),
    )


def _majority(decisions: Sequence[Decision]) -> Decision | None:
    """The last decision of the largest camp; None where two camps are as large."""
    vote_groups: dict[Hashable, list[Decision]] = defaultdict(list)
    for one in decisions:
        vote_groups[_vote_group(one)].append(one)
    first, *rest = sorted(vote_groups.values(), key=len, reverse=True)
    return None if rest and len(rest[0]) == len(first) else first[-1]


def _vote_group(one: Decision) -> Hashable:
    """The same for decisions that come to the same: an edit to what another accepted is no dispute."""
    if one.kind in ("reject", "prefer"):
        return one.kind, one.sample_id
    return None if one.says is None else normalise(one.says)


def _gold(decided: Iterable[Decision]) -> dict[str, str]:
    """Accepted answers count as much as corrected ones: gold of corrections alone would hold the teacher's mistakes
    and none of its right answers."""
    answers: dict[str, list[str]] = defaultdict(list)
    for one in decided:
        if one.says is not None:
            answers[one.prompt_id].append(one.says)
    return {prompt: texts[0] for prompt, texts in answers.items() if len({normalise(text) for text in texts}) == 1}
