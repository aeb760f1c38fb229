"""Counts of the stages: a record a stage, as it stands in manifest.json under the stage's name.

A new count is a field here and its value in the stage's `work`. A manifest without it no longer fits, and the stage
runs again; give the field a default where an older run is as good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, ClassVar, Self, TypeVar

import orjson
from pydantic import ConfigDict, Field

from pipeline.run.parse import Misfit, parse, to_plain
from students.result import TrainResult

CLOSED = ConfigDict(extra="forbid")
"""A count of another name is none of ours: it is refused, not passed over."""

SCORE = "_score"
"""Ends the name of a contestant's score in the manifest: `student_score`."""


C = TypeVar("C", bound="Counts")


@dataclass(slots=True, frozen=True)
class Counts:
    """The numbers of a stage that has ended well."""

    __pydantic_config__ = CLOSED

    STAGE: ClassVar[str]
    """The stage that counts so."""

    def to_dict(self) -> dict[str, Any]:
        """Returns them as the manifest has them, in its order."""
        return to_plain(self)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Reads what `to_dict` wrote; raises Misfit where a count is missing, unknown or no count."""
        return parse(cls, orjson.dumps(values))

    def left_to_ask(self) -> int:
        """Returns how many samples another try could still answer: with any left, the stage is not up to date."""
        return 0

    def outcomes_for_later(self) -> Mapping[str, int] | None:
        """Returns the outcomes that later stages depend on beside the stage's inputs; None where they need none."""
        return None

    def rulings_for_later(self, rulings: str) -> str | None:
        """Returns the digest of what of people's `rulings` concerns later stages; None where nothing of them does."""
        return rulings


@dataclass(slots=True, frozen=True)
class GenerateCounts(Counts):
    """The samples that were asked for, and what they took."""

    STAGE = "generate"

    rows: int
    """Of the source."""
    prompts: int
    merged: int
    """Rows that repeat an earlier row's prompt: rows = prompts + merged."""
    samples: int
    outcomes: dict[str, int]
    """Samples by how they ended; they add up to `samples`."""
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    """None where no reply has a known price."""
    to_ask_again: int
    accepted: int | None = None
    """Samples that pass curation, where generate.accept set a goal; else the manifest leaves it out."""

    def to_dict(self) -> dict[str, Any]:
        """Returns them as the manifest has them."""
        values = to_plain(self)
        if self.accepted is None:
            del values["accepted"]
        return values

    def left_to_ask(self) -> int:
        """Returns the failures that another try could answer."""
        return self.to_ask_again

    def outcomes_for_later(self) -> Mapping[str, int] | None:
        """Returns them all: a rerun that got more answers makes another corpus."""
        return self.outcomes


@dataclass(slots=True, frozen=True)
class FunnelStep:
    """One step of curation. Steps may share a name, so each has its own reasons."""

    __pydantic_config__ = CLOSED

    step: str
    entered: Annotated[int, Field(alias="in")]
    left: Annotated[int, Field(alias="out")]
    """Samples that went on to the next step."""
    reasons: dict[str, int]
    """Of those that did not."""


@dataclass(slots=True, frozen=True)
class ReviewCounts:
    """The decisions of people."""

    __pydantic_config__ = CLOSED

    reviewed: int
    """Samples that have a decision."""
    contested: int
    """Of these, those on which people disagree."""
    obeyed: str | None
    """Digest of the decisions on the train side; None where there are none."""


@dataclass(slots=True, frozen=True)
class CurateCounts(Counts):
    """Where every sample went. samples = kept + dropped + failed, and kept = train + heldout."""

    STAGE = "curate"

    samples: int
    kept: int
    train: int
    heldout: int
    dropped: dict[str, dict[str, int]]
    """By step and reason."""
    failed: dict[str, int]
    """Samples without an answer, by outcome."""
    funnel: tuple[FunnelStep, ...]
    preference_pairs: int
    rejected_alone: int
    """Replies found worse, to prompts of which none was kept."""
    review: ReviewCounts | None = None
    """None where nobody decided anything; else the manifest has its fields among the others."""

    def to_dict(self) -> dict[str, Any]:
        """Returns them flat, in the manifest's order."""
        # Flat, as it was before people could decide anything: scripts read `reviewed` beside `kept`.
        values = to_plain(self)
        return values | (values.pop("review") or {})

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Reads what `to_dict` wrote; raises Misfit."""
        names = {item.name for item in fields(ReviewCounts)}
        # None of them stands in the manifest of a run that nobody reviewed.
        review = {name: value for name, value in values.items() if name in names}
        others = {name: value for name, value in values.items() if name not in names}
        return parse(cls, orjson.dumps({**others, "review": review or None}))

    def rulings_for_later(self, rulings: str) -> str | None:
        """Returns those of the train side: the student learns from nothing else."""
        return rulings if self.review is None else self.review.obeyed


@dataclass(slots=True, frozen=True)
class TrainCounts(TrainResult, Counts):
    """The training's own numbers, as students/ gives them."""

    STAGE = "train"

    @classmethod
    def of(cls, result: TrainResult) -> Self:
        """Returns a result as the stage's counts."""
        return cls(**asdict(result))


@dataclass(slots=True, frozen=True)
class PackageCounts(Counts):
    """The exports that were written, and those that could not be."""

    STAGE = "package"

    exports: int
    failed_exports: int


@dataclass(slots=True, frozen=True)
class EvaluateCounts(Counts):
    """The rows, the answers that were asked for, and each contestant's score."""

    STAGE = "evaluate"

    rows: int
    asked: int
    """Answers that no earlier evaluation had."""
    scores: dict[str, float | None]
    """By contestant; None where there was nothing to score against. The manifest has each by itself: student_score."""
    failed_exports: int = 0
    """The manifest leaves a 0 out."""

    def to_dict(self) -> dict[str, Any]:
        """Returns them flat, in the manifest's order."""
        values: dict[str, Any] = {"rows": self.rows, "asked": self.asked}
        for name, score in self.scores.items():
            values[f"{name}{SCORE}"] = score
        if self.failed_exports:
            values["failed_exports"] = self.failed_exports
        return values

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Reads what `to_dict` wrote; raises Misfit."""
        # Whoever was compared: base, student, teachers, each export.
        nested: dict[str, Any] = {"scores": {}}
        for name, value in values.items():
            if name.endswith(SCORE):
                nested["scores"][name.removesuffix(SCORE)] = value
            else:
                nested[name] = value
        return parse(cls, orjson.dumps(nested))


@dataclass(slots=True, frozen=True)
class ReportCounts(Counts):
    """The page's size."""

    STAGE = "report"

    bytes: int


KINDS: dict[str, type[Counts]] = {
    kind.STAGE: kind
    for kind in (GenerateCounts, CurateCounts, TrainCounts, PackageCounts, EvaluateCounts, ReportCounts)
}


def read_counts(stage: str, values: Mapping[str, Any]) -> Counts | None:
    """Reads a stage's counts; None for what counts nothing, as `bakeoff` and `tune`. Raises Misfit."""
    if stage in KINDS:
        return KINDS[stage].read(values)
    if values:
        raise Misfit(f"'{stage}' counts nothing")
    return None
