"""The records of the evaluation's costs and of the cascade. Dollars are None where a price is not known, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.run.evaluation.estimate import Closed, Estimate


@dataclass(slots=True, frozen=True)
class Load(Closed):
    """A model asked by so many callers at once, each of whom asks again as soon as it is answered."""

    concurrency: int
    requests: int
    failed: int
    calls_per_s: Estimate
    """Answered calls over the time from the first question to the last answer, in which the last callers run out. It
    has no interval with fewer than four rounds of `concurrency` calls."""
    output_tokens_per_s: Estimate | None
    """Of all calls together; None where the model does not count them."""
    latency_p50_s: Estimate | None
    """Over answered calls; waiting for a place counts."""
    latency_p95_s: Estimate | None
    """It has no upper end with fewer than 72 calls."""

    @property
    def calls(self) -> int:
        """Those that were answered."""
        return self.requests - self.failed


@dataclass(slots=True, frozen=True)
class StudentCosts(Closed):
    """The price of the student's calls, and its speed."""

    cost_per_1000_usd: Estimate | None
    cost_at_concurrency: int | None
    """At this one it answers most calls."""
    calls_per_hour: Estimate | None
    busy_calls_per_hour: Estimate | None
    """From how many calls an hour a machine rented around the clock beats the teacher."""
    loads: tuple[Load, ...]
    peak_memory_bytes: int | None
    peak_gpu_bytes: int | None
    failed: str | None
    """Why loads are missing."""


@dataclass(slots=True, frozen=True)
class OtherCosts(Closed):
    """The price of calls of the base or an export, one after another."""

    cost_per_1000_usd: Estimate | None
    loads: tuple[Load, ...]


@dataclass(slots=True, frozen=True)
class TeacherCosts(Closed):
    """The teacher's calls, as they were when they were made."""

    cost_per_1000_usd: Estimate | None
    latency_p50_s: Estimate | None
    latency_p95_s: Estimate | None
    prompt_tokens_mean: Estimate | None
    output_tokens_mean: Estimate | None
    in_flight: int
    lane: str


@dataclass(slots=True, frozen=True)
class BreakEven(Closed):
    """From how many calls on the new way is the cheaper one."""

    calls: Estimate | None
    """Whole calls; the upper end of its interval is None where it may never pay."""
    reason: str | None
    """Why there is no such number."""


@dataclass(slots=True, frozen=True)
class CascadeCosts(Closed):
    """The price of the cascade's calls."""

    cost_per_1000_usd: Estimate | None
    break_even: BreakEven


@dataclass(slots=True, frozen=True)
class Distillation(Closed):
    """Dollars that were paid before the student's first call."""

    teacher: float | None
    judge: float | None
    rescorer: float | None
    training: float | None
    total: float | None
    """Unknown where a part is."""


@dataclass(slots=True, frozen=True)
class CostPoint(Closed):
    """The dollars of so many calls, with what was paid before the first of them."""

    calls: int
    teacher_usd: float | None
    student_usd: float | None
    cascade_usd: float | None


@dataclass(slots=True, frozen=True)
class Economics(Closed):
    """All that is known of costs."""

    hourly_usd: float | None
    """The price of the student's machine."""
    student: StudentCosts
    others: Mapping[str, OtherCosts]
    teacher: TeacherCosts
    distillation_usd: Distillation
    break_even: BreakEven
    cascade: CascadeCosts | None
    """None where no threshold was chosen."""
    curve: tuple[CostPoint, ...]


@dataclass(slots=True, frozen=True)
class CascadePoint(Closed):
    """The cascade at a threshold."""

    threshold: float
    """The teacher is asked where the student's confidence is below it."""
    handed_over: Estimate
    """The share of the rows."""
    score: Estimate
    cost_per_1000_usd: Estimate | None


@dataclass(slots=True, frozen=True)
class ChosenPoint(CascadePoint):
    """The threshold that was chosen, reported on rows that it was not chosen on."""

    teacher_score: Estimate
    minus_teacher: Estimate
    rows: int


@dataclass(slots=True, frozen=True)
class ConfidenceAuc(Closed):
    """The worth of the student's confidence: does it tell right from wrong?"""

    auc: Estimate | None
    """P(a correct answer has the higher confidence); None where all answers are correct, or none is."""
    rows: int
    correct: int


@dataclass(slots=True, frozen=True)
class Cascade(Closed):
    """The student, handing over to its teacher what it is not sure of."""

    curve: tuple[CascadePoint, ...]
    chosen: ChosenPoint | None
    reason: str | None
    """Why no threshold was chosen."""
    margin: float
    """How far below the teacher's score it may be, in points of the score."""
    confidence_auc: ConfidenceAuc | None
