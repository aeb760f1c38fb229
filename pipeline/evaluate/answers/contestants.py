"""The rows that are compared on, and the answers of everyone who was asked them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.evaluate.answers.size import HOSTED, Size
from pipeline.recipe.scorer import Scorer
from pipeline.run.evaluation import CALIBRATED, TEACHER
from prompts.messages import Conversation


@dataclass(slots=True, frozen=True)
class Answer:
    """One contestant's answer to one row. A failed attempt is an answer too, with its outcome and no text."""

    text: str
    outcome: str = "ok"
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_s: float | None = None
    log_odds: float | None = None
    """log P(first label) - log P(second) at the first token; None without logprobs, or with other than two labels."""
    cost_usd: float | None = None
    label_logprobs: tuple[float, ...] | None = None
    """log P of each of the recipe's labels at the first token; None without logprobs, or without labels."""
    confidence: float | None = None
    """0 to 1: how sure it was of the whole answer; see confidence.py."""
    first_token: Mapping[str, Any] | None = None
    """As records.TOKENS has a token: other labels are read off it without asking again."""


@dataclass(slots=True, frozen=True)
class HeldoutRow:
    """A held-out prompt with its gold answer, and the teacher's answer while the corpus was made."""

    prompt_id: str
    gold: str | None
    student_messages: Conversation
    """As the student is asked: no examples."""
    teacher_messages: Conversation
    """As the teacher was asked."""
    reply: Answer
    """The teacher's own answer."""
    completion: str
    """What the student would have been trained towards on this row; the reply unless curation relabelled it."""
    group: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """Values of the source's columns that the recipe slices by."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """The soft labels that curation gave the completion."""

    @property
    def unit(self) -> str:
        """Names what is independent of the other rows: its group, or the row alone."""
        return self.group or self.prompt_id


@dataclass(slots=True, frozen=True)
class Contestant:
    """A model, or a reading of one, that answered every row. `answers` stand in the rows' order."""

    name: str
    spec: str
    answers: tuple[Answer, ...]
    size: Size = HOSTED
    in_flight: int = 1
    """Requests in flight at once: latencies compare only where this is equal."""
    failed: str | None = None
    """Why it answered nothing at all, of an export; it then has no answers and no score."""


@dataclass(slots=True, frozen=True)
class HeldoutAnswers:
    """Everyone's answers to the same rows."""

    rows: Sequence[HeldoutRow]
    contestants: Sequence[Contestant]
    exports: Sequence[Contestant] = ()
    """Forms of the student."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many held-out rows nobody was asked, by reason."""

    @property
    def by_name(self) -> dict[str, Contestant]:
        """The contestants, not the exports."""
        return {contestant.name: contestant for contestant in self.contestants}

    @property
    def everyone(self) -> list[Contestant]:
        """Those that have answers."""
        answered = [export for export in self.exports if export.failed is None]
        return [*self.contestants, *answered]


def teacher_contestants(
    rows: Sequence[HeldoutRow], teacher: Contestant, scorer: Scorer, labels: Sequence[str] | None = None
) -> list[Contestant]:
    """Returns the teacher with the answers it gave, and, where curation relabelled any row, as it was relabelled."""
    replies = tuple(row.reply for row in rows)  # it is not asked again: its replies are in the run
    contestants = [replace(teacher, name=TEACHER, answers=replies)]
    # In the scorer's normal form: where curation only changed a reply's case or its dots, nobody was relabelled.
    if any(scorer.normal(row.reply.text) != scorer.normal(row.completion) for row in rows):
        relabelled = tuple(_relabelled(row, labels) for row in rows)
        contestants.append(replace(teacher, name=CALIBRATED, answers=relabelled))
    return contestants


def _relabelled(row: HeldoutRow, labels: Sequence[str] | None) -> Answer:
    """Returns the same call at the same price; only what is read off it differs."""
    shares = [row.shares.get(label, 0.0) for label in labels or ()]
    if not any(shares):
        return replace(row.reply, text=row.completion)
    # The log of a share of 0 does not exist: the least that a float can hold stands for it.
    logprobs = tuple(math.log(max(share, 1e-300)) for share in shares)
    return replace(row.reply, text=row.completion, label_logprobs=logprobs, confidence=row.shares.get(row.completion))
