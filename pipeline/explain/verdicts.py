"""What became of a sample, as `why` tells it: one record for each end that it can come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

TEXT_CHARS = 500
"""The most that is shown of a reply."""

CURATED = ("prompt", "completion", "split", "margin", "judge_score", "soft_labels", "review")
"""Columns that tell what curation made of a sample; an older run's files lack the newest."""


class Verdict(Protocol):
    """One end."""

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""

    def lines(self) -> Iterator[str]:
        """Yields it as a person reads it."""


@dataclass(slots=True, frozen=True)
class NotCurated:
    """The curate stage has not seen it."""

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {"side": "not curated"}

    def lines(self) -> Iterator[str]:
        """Yields it as a person reads it."""
        yield "verdict: not curated"


@dataclass(slots=True, frozen=True)
class Unanswered:
    """No answer came, so curation had nothing to judge."""

    outcome: str

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {"side": "failed", "outcome": self.outcome}

    def lines(self) -> Iterator[str]:
        """Yields it as a person reads it."""
        yield f"verdict: no answer ({self.outcome}): neither kept nor dropped"


@dataclass(slots=True, frozen=True)
class Judged:
    """A judge's score of it, 0 to 1, and the judge's reason."""

    rubric: str
    score: float
    reason: str


@dataclass(slots=True, frozen=True)
class SoftLabel:
    """An answer that the student may learn beside others, and its share."""

    text: str
    share: float


@dataclass(slots=True, frozen=True)
class Overruled:
    """A person kept it, and the step that would have dropped it; no step where none would have."""

    kind: str
    step: str | None
    reason: str | None


@dataclass(slots=True, frozen=True)
class Kept:
    """It is in the corpus."""

    SIDE: ClassVar[str] = "kept"

    row: Mapping[str, Any]
    """Its columns as the file has them, for JSON."""
    completion: str
    split: str
    margin: float | None
    soft_labels: Sequence[SoftLabel]
    review: Overruled | None
    judged: Sequence[Judged]

    @classmethod
    def of(cls, row: Mapping[str, Any], judged: Sequence[Judged]) -> Kept:
        """Reads a row of kept.parquet or dropped.parquet."""
        review = row.get("review")
        return cls(
            row=row,
            completion=row["completion"][0]["content"],
            split=row["split"],
            margin=row["margin"],
            soft_labels=[SoftLabel(**label) for label in row["soft_labels"] or ()],
            review=Overruled(**review) if review else None,
            judged=judged,
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        judged = [{"rubric": each.rubric, "score": each.score, "reason": each.reason} for each in self.judged]
        return {"side": self.SIDE, **self.row, "judge": judged}

    def lines(self) -> Iterator[str]:
        """Yields it as a person reads it."""
        yield from self._head()
        if self.review is not None and self.review.step:
            overruled = f"though the step '{self.review.step}' said {self.review.reason}"
            yield f"kept by review ({self.review.kind}), {overruled}"
        if self.margin is not None:
            yield f"margin: {self.margin:.3g}"
        if self.soft_labels:
            yield "soft labels: " + ", ".join(f"{label.text} {label.share:.2f}" for label in self.soft_labels)
        for each in self.judged:
            yield f"judge: {each.score:.2f}, {each.reason}"

    def _head(self) -> Iterator[str]:
        use = "held out for the evaluation"
        if self.split == "train":
            use = "trains the student"
        yield f"verdict: kept, {use}, as: {self.completion[:TEXT_CHARS]}"


@dataclass(slots=True, frozen=True)
class Dropped(Kept):
    """It left: by which step, why, and with which score."""

    SIDE: ClassVar[str] = "dropped"

    def _head(self) -> Iterator[str]:
        step, reason, score, detail = (self.row[name] for name in ("step", "reason", "score", "detail"))
        scored = ""
        if score is not None:
            scored = f" (score {score:.3g})"
        yield f"verdict: dropped by the step '{step}': {reason}{scored}; {self.split} side"
        for line in (detail or "").splitlines():
            yield f"  | {line}"
