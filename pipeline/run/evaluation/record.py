"""evaluation.json as one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.run.evaluation import NAMES, VERSION
from pipeline.run.evaluation.checks import Example, JudgeReport, Leak, Regression, ScorerFailure
from pipeline.run.evaluation.contestants import EarlierRun, ExportResult, GeneralTask, Slice, Standing, Summary
from pipeline.run.evaluation.costs import Cascade, Economics
from pipeline.run.evaluation.estimate import Closed, Estimate


@dataclass(slots=True, frozen=True, kw_only=True)
class Evaluation(Closed):
    """Everyone on the same held-out rows. What needs an absent contestant, or does not exist, is None or empty."""

    version: int = VERSION
    """The file's first key."""
    scorer: str
    scoring: Mapping[str, Any]
    """The scorer's name and settings: scores mean the same where these are the same."""
    rows: int
    """Held-out prompts that were asked."""
    groups: int
    """Independent groups of the rows that count."""
    resamples: int
    seed: int
    teacher: Summary | None = None
    teacher_calibrated: Summary | None = None
    base: Summary | None = None
    student: Summary | None = None
    student_minus_base: Estimate | None = None
    against_teacher: Standing = field(default_factory=Standing)
    against_calibrated: Standing | None = None
    """The same, where curation relabelled the teacher's answers."""
    agreement: Estimate | None = None
    """How often the student says what it would have been trained towards."""
    kl_from_teacher: Estimate | None = None
    """Over the labels, in nats; from the calibrated teacher where there is one."""
    slices: Mapping[str, Mapping[str, Slice]] = field(default_factory=dict)
    """Column -> value."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Held-out rows that were not asked, by reason."""
    scorer_failed: tuple[ScorerFailure, ...] = ()
    """These rows count for nobody."""
    verdict_withheld: str | None = None
    """Why the rows allow no verdict."""
    examples: tuple[Example, ...] = ()
    regressions: tuple[Regression, ...] = ()
    """The worst first."""
    judge: JudgeReport | None = None
    exports: Mapping[str, ExportResult] = field(default_factory=dict)
    earlier: Mapping[str, EarlierRun] = field(default_factory=dict)
    """By the run's name."""
    memorised: Mapping[str, Leak] = field(default_factory=dict)
    """Contestant -> answers that are, word for word, what the student learned for another prompt."""
    contaminated: Leak | None = None
    """Held-out prompts that are near a train prompt."""
    general: Mapping[str, GeneralTask] = field(default_factory=dict)
    cascade: Cascade | None = None
    economics: Economics | None = None

    @property
    def contestants(self) -> dict[str, Summary]:
        """Everyone who was compared, by name, in the order they are shown."""
        summaries = (self.teacher, self.teacher_calibrated, self.base, self.student)
        present = {}
        for name, summary in zip(NAMES, summaries, strict=True):
            if summary is not None:
                present[name] = summary
        return present
