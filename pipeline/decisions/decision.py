"""What a person decided about a sample, and which decisions stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["accept", "reject", "edit", "relabel", "prefer", "withdraw"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Question = tuple[str, ...]
"""What was asked of a reviewer: one sample, or the pair of which the better was chosen; sample ids, sorted."""


@dataclass(slots=True, frozen=True)
class Decision:
    """One word of one reviewer. `withdraw` takes back what stood before it."""

    prompt_id: str
    sample_id: str
    """The sample that was judged; of `prefer`, the better one."""
    reviewer: str
    kind: Kind
    text: str | None = None
    """The right answer or label in a person's words: of `edit` and `relabel`."""
    seen: str | None = None
    """The answer as it was shown, which curation may have rewritten; None where an import does not tell."""
    other_id: str | None = None
    """Of `prefer`, the worse sample."""
    note: str = ""
    made_at: float = 0.0
    """Unix time in seconds."""

    @property
    def question(self) -> Question:
        """Names what it answers: a later answer of the same reviewer to the same question takes its place."""
        if self.other_id is None:
            return (self.sample_id,)
        return tuple(sorted((self.sample_id, self.other_id)))

    @property
    def says(self) -> str | None:
        """Returns the text it calls right; None where it calls none so, or an import does not tell which was shown."""
        match self.kind:
            case "accept":
                return self.seen
            case "edit" | "relabel":
                return self.text
            case _:
                return None


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """Returns each reviewer's last word on each question, without what was withdrawn; `decisions` in the order made."""
    last: dict[tuple[str, Question], Decision] = {}
    for decision in decisions:
        key = decision.reviewer, decision.question
        last.pop(key, None)  # so that the later word also has the later place
        last[key] = decision
    return [decision for decision in last.values() if decision.kind != "withdraw"]
