"""The records of everyone who answered, and of how the student stands to the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.run.evaluation.estimate import Closed, Estimate, Number


@dataclass(slots=True, frozen=True)
class Confusion(Closed):
    """Counts of which label was said where which was right."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """Rows are gold. Columns are what was said; the last, beyond the labels, is none of them."""


@dataclass(slots=True, frozen=True)
class ReliabilityBin(Closed):
    """The answers whose confidence lies between two bounds."""

    low: float
    high: float
    confidence: float
    """Their mean confidence."""
    accuracy: float
    """Their mean score."""
    rows: int


@dataclass(slots=True, frozen=True)
class Summary(Closed):
    """One contestant's numbers, apart from its comparison with the others."""

    spec: str
    score: Estimate | None
    """None where there was nothing to score against."""
    invalid: int | None
    """Scored answers that are none in the scorer's terms."""
    outcomes: Mapping[str, int]
    """How attempts ended."""
    prompt_tokens_mean: Estimate | None
    output_tokens_mean: Estimate | None
    latency_p50_s: Estimate | None
    latency_p95_s: Estimate | None
    output_tokens_per_s: Estimate | None
    """Of one call, reading the prompt included."""
    cost_per_1000_usd: Estimate | None
    in_flight: int
    """Requests in flight at once: latencies compare only where this is equal."""
    parameters: int | None
    bytes: int | None
    """Of the weight files."""
    macro_f1: Estimate | None = None
    confusion: Confusion | None = None
    corpus_score: Estimate | None = None
    """BLEU or chrF of all replies as one corpus; it has no interval."""
    field_scores: Mapping[str, Estimate] = field(default_factory=dict)
    """Field of the JSON -> how often it is right."""
    auc: Estimate | None = None
    """Of the log-odds of the first of two labels, over the rows that have logprobs."""
    ece: Estimate | None = None
    """Its interval is of the ECE of ever more rows, which is smaller than that of few."""
    reliability: tuple[ReliabilityBin, ...] = ()


@dataclass(slots=True, frozen=True)
class ExportResult(Closed):
    """One export of the student: its numbers, or why there are none."""

    spec: str
    bytes: int | None
    failed: str | None = None
    summary: Summary | None = None
    """None where it failed."""
    minus_student: Estimate | None = None


@dataclass(slots=True, frozen=True)
class EarlierRun(Closed):
    """An earlier run's student, on the prompts that both runs hold out."""

    rows: int
    left_out: Mapping[str, int]
    """Prompts of one run that the other lacks."""
    summary: Summary
    minus_student: Estimate | None


@dataclass(slots=True, frozen=True)
class Standing(Closed):
    """The student measured against one reading of its teacher."""

    student_minus_teacher: Estimate | None = None
    retention: Estimate | None = None
    """S / T."""
    gap_recovered: Estimate | None = None
    """(S - B) / (T - B), only where the teacher clearly leads the base."""


@dataclass(slots=True, frozen=True)
class Slice(Closed):
    """The comparison on the rows of one value of a column."""

    rows: int
    scores: Mapping[str, Estimate]
    """By contestant."""
    student_minus_teacher: Estimate | None


@dataclass(slots=True, frozen=True)
class TaskScore(Closed):
    """A model's score on a task of general ability."""

    value: Number
    stderr: Number | None


@dataclass(slots=True, frozen=True)
class GeneralTask(Closed):
    """A task of general ability, before and after training."""

    metric: str
    higher_is_better: bool
    base: TaskScore
    student: TaskScore
    difference: Estimate
    """Student less base."""
