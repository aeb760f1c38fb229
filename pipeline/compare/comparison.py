"""The records of a comparison of runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.run.evaluation.contestants import Summary
from pipeline.run.evaluation.estimate import Estimate


@dataclass(slots=True, frozen=True)
class ComparedRun:
    """A run: its student beside the first run's."""

    path: str
    student: Summary
    minus_first: Estimate | None
    """None of the first run itself."""
    others: Mapping[str, Summary]
    """Its base and its teacher, where they have answered all that is compared."""
    left_out: int
    """Prompts that not all runs hold out."""


@dataclass(slots=True, frozen=True)
class RunComparison:
    """Several runs on the prompts that all of them hold out."""

    scorer: str
    scoring: Mapping[str, Any]
    first: str
    rows: int
    groups: int
    verdict_withheld: str | None
    runs: Mapping[str, ComparedRun]
    differing: tuple[str, ...]
    """Of teacher and base, those that said different things in different runs."""

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints."""
        return asdict(self)
