"""The curate stage: replies.parquet becomes kept.parquet and dropped.parquet, and nothing is lost between."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pipeline.curate.agreement import agreement
from pipeline.curate.best import Ask, ask_nobody, best
from pipeline.curate.calibrate import calibrate
from pipeline.curate.config import Agreement, Best, Calibrate, Curate, Exact, Format, Outcome, Step
from pipeline.curate.dedupe import exact
from pipeline.curate.filters import form, outcome
from pipeline.curate.split import side
from pipeline.curate.step import Drop, Keep, Rule, Sample
from pipeline.errors import RunError
from pipeline.records import spec_of
from prompts.messages import Conversation, Message, to_dicts
from teachers.base import ANSWERS

Row = Mapping[str, Any]


@dataclass(slots=True)
class Curated:
    """Both sides, in the rows' order. samples = kept + dropped + failed, always."""

    samples: int
    kept: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    funnel: list[dict[str, Any]] = field(default_factory=list)
    """Per step: how many went in and came out."""

    def counts(self) -> dict[str, Any]:
        """What the manifest says; RunError if a sample has disappeared."""
        reasons: dict[str, Counter[str]] = defaultdict(Counter)
        for row in self.dropped:
            reasons[row["step"]][row["reason"]] += 1
        if self.samples != len(self.kept) + len(self.dropped) + self.failed.total():
            raise RunError(
                f"curation lost rows: {self.samples} samples, but {len(self.kept)} kept, "
                f"{len(self.dropped)} dropped and {self.failed.total()} failed"
            )
        sides = Counter(row["split"] for row in self.kept)
        return {
            "samples": self.samples,
            "kept": len(self.kept),
            "train": sides["train"],
            "heldout": sides["heldout"],
            "dropped": {step: dict(found) for step, found in reasons.items()},
            "failed": dict(self.failed),
            "funnel": self.funnel,
        }


def curate(
    rows: Iterable[Row],
    bare: Mapping[str, Conversation],
    config: Curate,
    on_step: Callable[[str, int, int], None] = lambda step, came, stay: None,
    ask: Ask = ask_nobody,
) -> Curated:
    """Runs the steps in the recipe's order over rows of replies.parquet.

    `bare` gives each prompt id the conversation that the student will see; `ask` puts a judge's questions.
    Rows without an answer are counted as failed; every other row ends in `kept` or in `dropped`, with step,
    reason and score.
    """
    rows = list(rows)
    result = Curated(len(rows), failed=Counter(row["outcome"] for row in rows if row["outcome"] not in ANSWERS))
    by_id = {row["sample_id"]: row for row in rows if row["outcome"] in ANSWERS}
    alive = [_sample(row, bare, config) for row in by_id.values()]
    gone: dict[str, dict[str, Any]] = {}
    for step in config.steps:
        came = len(alive)
        alive = _apply(step, rule_of(step, ask), alive, by_id, gone)
        result.funnel.append({"step": step.step, "in": came, "out": len(alive)})
        on_step(step.step, came, len(alive))
    result.kept = [_row(by_id[sample.sample_id], sample) for sample in alive]
    result.dropped = [gone[sample_id] for sample_id in by_id if sample_id in gone]
    return result


def rule_of(step: Step, ask: Ask = ask_nobody) -> Rule:
    """The step bound to its settings."""
    match step:
        case Outcome():
            return outcome()
        case Format():
            return form(step)
        case Exact():
            return exact
        case Agreement():
            return partial(agreement, min_share=step.min_share)
        case Calibrate():
            return partial(calibrate, config=step)
        case Best():
            return partial(best, config=step, ask=ask)


def _apply(
    step: Step, rule: Rule, alive: Sequence[Sample], by_id: Mapping[str, Row], gone: dict[str, dict[str, Any]]
) -> list[Sample]:
    staying: list[Sample] = []
    for sample, verdict in zip(alive, rule(alive), strict=True):
        match verdict:
            case Keep(kept):
                staying.append(kept)
            case Drop(reason, score):
                row = _row(by_id[sample.sample_id], sample)
                gone[sample.sample_id] = row | {"step": step.step, "reason": reason, "score": score}
    return staying


def _sample(row: Row, bare: Mapping[str, Conversation], config: Curate) -> Sample:
    return Sample(
        sample_id=row["sample_id"],
        prompt_id=row["prompt_id"],
        bare=bare[row["prompt_id"]],
        reply=row["reply"],
        outcome=row["outcome"],
        tokens=row["tokens"] or (),
        split=side(row["group"] or row["prompt_id"], config.split),
        teacher=spec_of(row["teacher"]),
        completion=row["reply"],
    )


def _row(row: Row, sample: Sample) -> dict[str, Any]:
    completion = (Message("assistant", sample.completion),)
    return {
        **row,
        "prompt": to_dicts(sample.bare),
        "completion": to_dicts(completion),
        "split": sample.split,
        "margin": sample.margin,
    }
