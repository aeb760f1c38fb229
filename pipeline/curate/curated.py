"""What curation comes to: both sides, with the step, the reason and the score of everything that left."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from pipeline.decisions.rulings import Rulings
from pipeline.recipe.verdict import Drop, Sample
from pipeline.run.counts import CurateCounts, FunnelStep
from pipeline.run.errors import RunError


@dataclass(slots=True, frozen=True)
class Dropped:
    """A sample that left, as it was then, and why."""

    sample: Sample
    step: str
    reason: str
    score: float | None
    detail: str | None = None
    passed: int = 0
    """How many of the recipe's steps it had passed: those after have not seen it."""


@dataclass(slots=True)
class Curated:
    """Both sides, by sample id. samples = kept + dropped + failed, always."""

    samples: int
    kept: dict[str, Sample] = field(default_factory=dict)
    dropped: dict[str, Dropped] = field(default_factory=dict)
    failed: Counter[str] = field(default_factory=Counter)
    funnel: list[FunnelStep] = field(default_factory=list)
    rulings: Rulings = field(default_factory=Rulings)
    """What people decided, and this obeyed."""

    def drop(self, sample: Sample, step: str, drop: Drop, passed: int) -> None:
        """Notes that a sample left, after it had passed so many of the recipe's steps."""
        self.dropped[sample.sample_id] = Dropped(sample, step, drop.reason, drop.score, drop.detail, passed)

    def add_to_funnel(self, step: str, came: int, stayed: int, reasons: Counter[str]) -> None:
        """Notes how many samples a step let through."""
        self.funnel.append(FunnelStep(step, came, stayed, dict(reasons)))

    def train_ids(self) -> set[str]:
        """Returns the ids of the samples on the train side, kept or dropped."""
        ids = {sample.sample_id for sample in self.kept.values() if sample.split == "train"}
        return ids | {sample_id for sample_id, gone in self.dropped.items() if gone.sample.split == "train"}

    def counts(self, preference_pairs: int = 0, rejected_alone: int = 0) -> CurateCounts:
        """Returns what the manifest says; RunError if a sample has disappeared."""
        # A step that gave too few verdicts, or one id to two rows, would lose rows in silence.
        if self.samples != len(self.kept) + len(self.dropped) + self.failed.total():
            raise RunError(
                f"curation lost rows: {self.samples} samples, but {len(self.kept)} kept, "
                f"{len(self.dropped)} dropped and {self.failed.total()} failed"
            )
        reasons: dict[str, Counter[str]] = defaultdict(Counter)
        for gone in self.dropped.values():
            reasons[gone.step][gone.reason] += 1
        sides = Counter(sample.split for sample in self.kept.values())
        return CurateCounts(
            samples=self.samples,
            kept=len(self.kept),
            train=sides["train"],
            heldout=sides["heldout"],
            dropped={step: dict(of_step) for step, of_step in reasons.items()},
            failed=dict(self.failed),
            funnel=tuple(self.funnel),
            preference_pairs=preference_pairs,
            rejected_alone=rejected_alone,
        )
