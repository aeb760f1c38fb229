"""The plan as a record, and as JSON: names carry their units, `_low`, `_expected`, `_high` an interval's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from pipeline.plan.estimate import Interval
from pipeline.plan.lanes import Lane
from pipeline.plan.totals import Budget
from pipeline.train.memory import TrainingMemory

Lanes = Mapping[str, Lane | None]
"""By name, `online` first; None: there is no such lane."""


@dataclass(slots=True, frozen=True)
class PlannedTeacher:
    """One teacher, or the evaluation's judge: what it is asked and takes."""

    teacher: str
    """As the recipe calls it, else its spec."""
    calls: Interval
    left_out: tuple[str, ...]
    """Fields of `generate` that it cannot honour and that the recipe calls optional."""
    measured_replies: int
    """Replies in the journal by which its tokens out are estimated."""
    input_tokens: Interval
    output_tokens: Interval
    latency_s: Interval | None
    """Of a call; None where nothing is known."""
    lanes: Lanes
    key_needed: str | None
    """The variables that may hold its key; None where it needs none."""
    key_present: bool

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {
            "teacher": self.teacher,
            "calls": round(self.calls.best),
            **_spread("calls", self.calls),
            "left_out": list(self.left_out),
            "measured_replies": self.measured_replies,
            **_spread("input_tokens", self.input_tokens),
            **_spread("output_tokens", self.output_tokens),
            **_spread("latency_s", self.latency_s),
            "lanes": {name: _lane_to_dict(lane) for name, lane in self.lanes.items()},
            "key_needed": self.key_needed,
            "key_present": self.key_present,
        }


@dataclass(slots=True, frozen=True)
class Plan:
    """The cost of a recipe from here on, given what its journal has answered."""

    teachers: tuple[PlannedTeacher, ...]
    judge: PlannedTeacher | None
    """The evaluation's; None where none scores."""
    rows: int
    """Of the source."""
    sampled_rows: int
    """Rows that were read: all of them, or a sample."""
    prompts: int
    samples: int
    """Replies wanted, answered or not."""
    owed: Interval
    """Of these, not answered yet."""
    calls: Interval
    """Of all teachers and the judge; and so the next two."""
    input_tokens: Interval
    output_tokens: Interval
    lane: str
    """The recipe's."""
    lanes: Lanes
    disk_bytes: Interval
    """What the journal grows by."""
    budget: Budget | None
    """None where the recipe has none."""
    training: TrainingMemory | None
    """None where the base's sizes cannot be read on this machine."""
    remarks: tuple[str, ...]
    """What the numbers rest on, and what would stop the run."""

    @property
    def answered(self) -> int:
        """The samples that are in the journal already, to the best of what is known."""
        return self.samples - round(self.owed.best)

    @property
    def teachers_calls(self) -> int:
        """The same of calls to the teachers alone."""
        return sum(round(teacher.calls.best) for teacher in self.teachers)

    @property
    def is_sample(self) -> bool:
        """True where some of the rows were not read."""
        return self.sampled_rows < self.rows

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        own, owed = self.lanes[self.lane], self.owed
        # What is answered is what is not owed, so that its low end is the other's high one.
        answered = Interval(self.samples - owed.high, self.samples - owed.best, self.samples - owed.low)
        return {
            "teachers": [teacher.to_dict() for teacher in self.teachers],
            "rows": self.rows,
            "sampled_rows": self.sampled_rows,
            "prompts": self.prompts,
            "samples": self.samples,
            "answered": self.answered,
            **_spread("answered", answered),
            "calls": self.teachers_calls,
            "judge": None if self.judge is None else self.judge.to_dict(),
            **_spread("calls", self.calls),
            **_spread("input_tokens", self.input_tokens),
            **_spread("output_tokens", self.output_tokens),
            "lane": self.lane,
            "cost_usd_at_most": None if own is None else own.cost_usd_at_most,
            "lanes": {name: _lane_to_dict(lane) for name, lane in self.lanes.items()},
            **_spread("disk_bytes", self.disk_bytes),
            "budget": _budget_to_dict(self.budget),
            "training": _training_to_dict(self.training),
            "remarks": list(self.remarks),
        }


def _lane_to_dict(lane: Lane | None) -> dict[str, Any] | None:
    if lane is None:
        return None
    return {
        **_spread("cost_usd", lane.cost_usd),
        "cost_usd_at_most": lane.cost_usd_at_most,
        **_spread("hours", lane.hours),
        "jobs": lane.jobs,
    }


def _budget_to_dict(budget: Budget | None) -> dict[str, Any] | None:
    if budget is None:
        return None
    return {
        "budget_usd": budget.budget_usd,
        "spent_usd": budget.spent_usd,
        "left_usd": budget.left_usd,
        "covers_high": budget.covers_high,
        **_spread("prompts_bought", budget.prompts_bought),
    }


def _training_to_dict(training: TrainingMemory | None) -> dict[str, Any] | None:
    if training is None:
        return None
    return asdict(training) | {"would_fit": list(training.would_fit)}


def _spread(name: str, amount: Interval | None) -> dict[str, float | None]:
    if amount is None:
        return {f"{name}_low": None, f"{name}_expected": None, f"{name}_high": None}
    ends = {f"{name}_low": amount.low, f"{name}_expected": amount.expected, f"{name}_high": amount.high}
    # JSON has no infinity: an end that is not there is null.
    return {end: value if value is not None and isfinite(value) else None for end, value in ends.items()}
