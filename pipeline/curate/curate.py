"""Curation as a whole: every answered sample ends kept or dropped, with the step, the reason and the score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Literal, Protocol

from pipeline.curate.curated import Curated
from pipeline.curate.reviewed import REVIEW, as_seen, keep_words, obey, overruled, spare
from pipeline.curate.split import sides_of
from pipeline.curate.tokens import TokenFile, Tokens
from pipeline.decisions.rulings import Rulings
from pipeline.recipe.curate import Curate
from pipeline.recipe.step import Ask, Step, Tools, ask_nobody
from pipeline.recipe.verdict import Drop, Each, Keep, OnProgress, Rule, Sample, Side, Verdict
from pipeline.run.records import spec_of
from prompts.messages import Conversation, Message
from teachers.base import ANSWERS

Row = Mapping[str, Any]

COLUMNS = ["sample_id", "prompt_id", "messages", "reply", "outcome", "teacher", "gold", "group"]
"""What curation reads of replies.parquet; `tokens` come when a step asks for them."""

TOGETHER = 256
"""Samples between two words about how far a step is, where it looks at one at a time."""


class StepsProgress(Protocol):
    """Hears how far curation is."""

    def rows(self, step: str, done: int, came: int) -> None:
        """The step at work is done with so many of the samples that came; it begins with 0."""

    def step(self, step: str, came: int, stayed: int) -> None:
        """A step is done."""


class _Silence:
    def rows(self, step: str, done: int, came: int) -> None:
        return None

    def step(self, step: str, came: int, stayed: int) -> None:
        return None


@dataclass(slots=True, frozen=True)
class Extras:
    """What curation may use beside the rows and the recipe."""

    tokens: TokenFile | None = None
    """Where the rows' tokens are, in the same order; None: in the rows."""
    ask: Ask = ask_nobody
    """Puts a judge's questions."""
    rulings: Rulings = field(default_factory=Rulings)
    """What people decided, which goes before every step."""
    progress: StepsProgress = field(default_factory=_Silence)


NO_EXTRAS = Extras()


def curate(
    rows: Iterable[Row], student_messages: Mapping[str, Conversation], config: Curate, extras: Extras = NO_EXTRAS
) -> Curated:
    """Runs the steps in the recipe's order over rows of replies.parquet, in any order.

    `student_messages` gives each prompt id the conversation that the student will see. Rows without an answer are
    counted as failed; every other row ends in `kept` or in `dropped`, with step, reason and score.
    """
    result = Curated(0, rulings=extras.rulings)
    # The split comes first: no selection may reach the held-out rows, and no row moves across because of one.
    answered = list(_answered(rows, extras.tokens, result))
    sides = sides_of([row for row, _ in answered], student_messages, config.split)
    alive: list[Sample] = []
    for (row, tokens), side in zip(answered, sides, strict=True):
        alive.append(_sample(row, tokens, student_messages[row["prompt_id"]], side))
    if result.rulings:
        alive = _review(alive, result)
    for passed, step in enumerate(config.steps):
        alive = _run_step(step, alive, result, passed, extras)
    if result.rulings:
        alive = _overrule(alive, result, len(config.steps))
    result.kept = {sample.sample_id: sample for sample in alive}
    return result


def _answered(rows: Iterable[Row], file: TokenFile | None, result: Curated) -> Iterator[tuple[Row, Tokens]]:
    """Yields the rows with an answer and their tokens; counts all rows, and the others as failed."""
    for index, row in enumerate(rows):
        result.samples += 1
        if row["outcome"] not in ANSWERS:
            result.failed[row["outcome"]] += 1
        elif file is not None:
            yield row, file.row(index)
        else:
            yield row, Tokens.of(row["tokens"])


def _review(alive: Sequence[Sample], result: Curated) -> list[Sample]:
    """Obeys people before any step: returns what stays of what they looked at, and all that they did not."""
    staying: list[Sample] = []
    reasons: Counter[str] = Counter()
    for sample in alive:
        match obey(sample, result.rulings):
            case Drop(reason) as drop:
                result.drop(as_seen(sample, result.rulings), REVIEW, drop, 0)
                reasons[reason] += 1
            case Sample() as stays:
                staying.append(stays)
    result.add_to_funnel(REVIEW, len(alive), len(staying), reasons)
    return staying


def _overrule(alive: Sequence[Sample], result: Curated, passed: int) -> list[Sample]:
    """Returns what no person's word on another reply to its prompt rules out."""
    gone = overruled(alive)
    if not gone:
        return list(alive)
    staying: list[Sample] = []
    for sample in alive:
        if sample.sample_id in gone:
            result.drop(sample, REVIEW, Drop("overruled"), passed)
        else:
            staying.append(sample)
    result.add_to_funnel(REVIEW, len(alive), len(staying), Counter(overruled=len(gone)))
    return staying


def _run_step(step: Step, alive: Sequence[Sample], result: Curated, passed: int, extras: Extras) -> list[Sample]:
    """Returns the samples that a step keeps, or that a person's word keeps in spite of it."""
    came = len(alive)
    on_progress = partial(_on_progress, extras.progress, step.step, came)
    on_progress(0)  # before the rule is made: reading an evaluation set or a model takes its time too
    rule = step.rule(Tools(extras.ask, on_progress))
    staying: list[Sample] = []
    reasons: Counter[str] = Counter()
    for sample, verdict in zip(alive, _verdicts(rule, alive, on_progress), strict=True):
        match verdict:
            case Keep(kept):
                staying.append(keep_words(sample, kept, step))
            case Drop(reason) as drop:
                spared = spare(sample, step, drop)
                if spared is not None:
                    staying.append(spared)
                    continue
                result.drop(sample, step.step, drop, passed)
                reasons[reason] += 1
    result.add_to_funnel(step.step, came, len(staying), reasons)
    extras.progress.step(step.step, came, len(staying))
    return staying


def _on_progress(progress: StepsProgress, step: str, came: int, done: int) -> None:
    progress.rows(step, done, came)


def _verdicts(rule: Rule, alive: Sequence[Sample], on_progress: OnProgress) -> Iterator[Verdict]:
    """Yields the rule's verdicts, in parts where it looks at one sample at a time."""
    if not isinstance(rule, Each):
        yield from rule(alive)
        return
    for start in range(0, len(alive), TOGETHER):
        yield from rule(alive[start : start + TOGETHER])
        on_progress(min(start + TOGETHER, len(alive)))


def _sample(row: Row, tokens: Tokens, student_messages: Conversation, side: Side) -> Sample:
    return Sample(
        sample_id=row["sample_id"],
        prompt_id=row["prompt_id"],
        teacher_messages=tuple(_message(turn["role"], turn["content"]) for turn in row["messages"]),
        student_messages=student_messages,
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
