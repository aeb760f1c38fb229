"""Curation as a whole: every answered sample ends kept or dropped, with the step, the reason and the score."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import chain, islice
from typing import Any, Literal

from pipeline.curate.agreement import agreement
from pipeline.curate.best import Ask, ask_nobody, best
from pipeline.curate.calibrate import calibrate
from pipeline.curate.confidence import confidence
from pipeline.curate.copies import copies
from pipeline.curate.decontaminate import decontaminate, read_evaluations
from pipeline.curate.dedupe import exact
from pipeline.curate.filters import form, outcome
from pipeline.curate.judging import judge
from pipeline.curate.near import near
from pipeline.curate.pii import pii
from pipeline.curate.refusals import refusal
from pipeline.curate.repetition import repetition
from pipeline.curate.reviewed import STEP, keep_words, obey, overruled, spare
from pipeline.curate.select import select
from pipeline.curate.semantic import semantic
from pipeline.curate.split import sides_of
from pipeline.curate.step import Drop, Each, Keep, OnProgress, Rule, Sample, Side, Verdict
from pipeline.curate.tokens import TokenFile, Tokens
from pipeline.curate.verify import verify
from pipeline.decisions.rulings import Rulings
from pipeline.recipe.curate import (
    Agreement,
    Best,
    Calibrate,
    Confidence,
    Copies,
    Curate,
    Decontaminate,
    Exact,
    Format,
    Judge,
    Near,
    Outcome,
    Pii,
    Refusal,
    Repetition,
    Select,
    Semantic,
    Step,
    Verify,
)
from pipeline.run.counts import CurateCounts, FunnelStep
from pipeline.run.errors import RunError
from pipeline.run.records import spec_of
from prompts.messages import Conversation, Message
from teachers.base import ANSWERS

Row = Mapping[str, Any]

COLUMNS = ["sample_id", "prompt_id", "messages", "reply", "outcome", "teacher", "gold", "group"]
"""What curation reads of replies.parquet; `tokens` come when a step asks for them."""

TOGETHER = 256
"""Samples between two words about how far a step is, where it looks at one at a time."""


@dataclass(slots=True, frozen=True)
class Dropped:
    """A sample that left, as it was then, and why."""

    sample: Sample
    step: str
    reason: str
    score: float | None
    detail: str | None = None


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

    def train_ids(self) -> set[str]:
        """Of the samples on the train side, kept or dropped."""
        everyone = chain(self.kept.values(), (gone.sample for gone in self.dropped.values()))
        return {sample.sample_id for sample in everyone if sample.split == "train"}

    def counts(self, preference_pairs: int = 0, rejected_alone: int = 0) -> CurateCounts:
        """Returns what the manifest says; RunError if a sample has disappeared."""
        reasons: dict[str, Counter[str]] = defaultdict(Counter)
        for gone in self.dropped.values():
            reasons[gone.step][gone.reason] += 1
        if self.samples != len(self.kept) + len(self.dropped) + self.failed.total():
            raise RunError(
                f"curation lost rows: {self.samples} samples, but {len(self.kept)} kept, "
                f"{len(self.dropped)} dropped and {self.failed.total()} failed"
            )
        sides = Counter(sample.split for sample in self.kept.values())
        return CurateCounts(
            samples=self.samples,
            kept=len(self.kept),
            train=sides["train"],
            heldout=sides["heldout"],
            dropped={step: dict(found) for step, found in reasons.items()},
            failed=dict(self.failed),
            funnel=tuple(self.funnel),
            preference_pairs=preference_pairs,
            rejected_alone=rejected_alone,
        )


def curate(
    rows: Iterable[Row],
    student_messages: Mapping[str, Conversation],
    config: Curate,
    *,
    tokens: TokenFile | None = None,
    ask: Ask = ask_nobody,
    rulings: Rulings | None = None,
    on_rows: Callable[[str, int, int], None] = lambda step, done, came: None,
    on_step: Callable[[str, int, int], None] = lambda step, came, stay: None,
) -> Curated:
    """Runs the steps in the recipe's order over rows of replies.parquet, in any order.

    `bare` gives each prompt id the conversation that the student will see; `tokens` is where the rows' tokens are,
    in the same order, if they are not in the rows; `ask` puts a judge's questions; `rulings` is what people decided,
    which goes before every step. Rows without an answer are counted as failed; every other row ends in `kept` or in
    `dropped`, with step, reason and score. `on_rows` hears how many of a step's samples are done, first 0, and
    `on_step` how many came and stay.
    """
    result = Curated(0, rulings=rulings or Rulings())
    answered: list[tuple[Row, Tokens]] = []
    for index, row in enumerate(rows):
        result.samples += 1
        if row["outcome"] in ANSWERS:
            answered.append((row, tokens.row(index) if tokens else Tokens.of(row["tokens"])))
        else:
            result.failed[row["outcome"]] += 1
    sides = sides_of([row for row, _ in answered], student_messages, config.split)
    alive = [_sample(row, found, student_messages, side) for (row, found), side in zip(answered, sides, strict=True)]
    if result.rulings:
        alive = _review(alive, result)
    for step in config.steps:
        came, gone = len(alive), len(result.dropped)
        on_progress = partial(_on_progress, on_rows, step.step, came)
        on_progress(0)
        alive = _apply(step, rule_of(step, ask, on_progress), alive, result, on_progress)
        reasons = Counter(one.reason for one in islice(result.dropped.values(), gone, None))
        result.funnel.append(FunnelStep(step.step, came, len(alive), dict(reasons)))
        on_step(step.step, came, len(alive))
    if result.rulings:
        alive = _overrule(alive, result)
    result.kept = {sample.sample_id: sample for sample in alive}
    return result


def _review(alive: Sequence[Sample], result: Curated) -> list[Sample]:
    """What stays of what people have looked at, and all that they have not."""
    staying: list[Sample] = []
    for sample in alive:
        match obey(sample, result.rulings):
            case Drop(reason):
                ruling = result.rulings.samples.get(sample.sample_id)
                shown = replace(sample, completion=ruling.seen) if ruling and ruling.seen else sample
                result.dropped[sample.sample_id] = Dropped(shown, STEP, reason, None)
            case Sample() as stays:
                staying.append(stays)
    reasons = {"rejected": len(alive) - len(staying)} if len(staying) < len(alive) else {}
    result.funnel.append(FunnelStep(STEP, len(alive), len(staying), reasons))
    return staying


def _overrule(alive: Sequence[Sample], result: Curated) -> list[Sample]:
    """What no person's word on another reply to its prompt rules out."""
    gone = overruled(alive)
    if not gone:
        return list(alive)
    for sample in alive:
        if sample.sample_id in gone:
            result.dropped[sample.sample_id] = Dropped(sample, STEP, "overruled", None)
    result.funnel.append(FunnelStep(STEP, len(alive), len(alive) - len(gone), {"overruled": len(gone)}))
    return [sample for sample in alive if sample.sample_id not in gone]


def _on_progress(on_rows: Callable[[str, int, int], None], step: str, came: int, done: int) -> None:
    on_rows(step, done, came)


def rule_of(step: Step, ask: Ask = ask_nobody, on_progress: OnProgress = lambda done: None) -> Rule:
    """The step bound to its settings, to who asks a judge, and to who hears how far a slow one is."""
    match step:
        case Outcome():
            return outcome()
        case Format():
            return form(step)
        case Exact():
            return partial(exact, on=step.on)
        case Near():
            return partial(near, config=step)
        case Semantic():
            return partial(semantic, config=step)
        case Agreement():
            return partial(agreement, config=step)
        case Calibrate():
            return partial(calibrate, config=step)
        case Confidence():
            return partial(confidence, config=step)
        case Best():
            return partial(best, config=step, ask=ask)
        case Judge():
            return partial(judge, config=step, ask=ask)
        case Pii():
            return pii(step)
        case Refusal():
            return refusal()
        case Copies():
            return copies(step)
        case Repetition():
            return repetition(step)
        case Verify():
            return verify(step, on_progress)
        case Select():
            return partial(select, config=step)
        case Decontaminate():
            against = read_evaluations(step.against)
            return partial(decontaminate, overlap=step.overlap, heldout=step.heldout, against=against)


def _apply(step: Step, rule: Rule, alive: Sequence[Sample], result: Curated, on_progress: OnProgress) -> list[Sample]:
    staying: list[Sample] = []
    for sample, verdict in zip(alive, _verdicts(rule, alive, on_progress), strict=True):
        match verdict:
            case Keep(kept):
                staying.append(keep_words(sample, kept, step))
            case Drop(reason, score, detail) as drop:
                if spared := spare(sample, step, drop):
                    staying.append(spared)
                else:
                    result.dropped[sample.sample_id] = Dropped(sample, step.step, reason, score, detail)
    return staying


def _verdicts(rule: Rule, alive: Sequence[Sample], on_progress: OnProgress) -> Iterator[Verdict]:
    """The rule's, in parts where it looks at one sample at a time."""
    if not isinstance(rule, Each):
        yield from rule(alive)
        return
    for start in range(0, len(alive), TOGETHER):
        yield from rule(alive[start : start + TOGETHER])
        on_progress(min(start + TOGETHER, len(alive)))


def _sample(row: Row, tokens: Tokens, student_messages: Mapping[str, Conversation], side: Side) -> Sample:
    return Sample(
        sample_id=row["sample_id"],
        prompt_id=row["prompt_id"],
        teacher_messages=tuple(_message(turn["role"], turn["content"]) for turn in row["messages"]),
        student_messages=student_messages[row["prompt_id"]],
        reply=row["reply"],
        outcome=row["outcome"],
        tokens=tokens,
        split=side,
        teacher=spec_of(row["teacher"]),
        completion=row["reply"],
    )


@lru_cache(1024)  # every prompt of a template has the same examples: one object each
def _message(role: Literal["system", "user", "assistant"], content: str) -> Message:
    return Message(role, content)
