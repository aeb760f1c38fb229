"""What is compared: the rows, and the answers of everyone who was asked them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.evaluate.scorers.base import Scorer
from pipeline.evaluate.size import HOSTED, Size
from prompts.messages import Conversation

TEACHER, CALIBRATED, BASE, STUDENT = NAMES = ("teacher", "teacher_calibrated", "base", "student")
"""Every contestant there can be, in the order they are shown. `teacher_calibrated` is the teacher's answers
after curation relabelled them: what the student was trained towards."""


@dataclass(slots=True, frozen=True)
class Answer:
    """What one contestant said to one row. A failed attempt is an answer too, with its outcome and no text."""

    text: str
    outcome: str = "ok"
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_s: float | None = None
    log_odds: float | None = None
    """log P(first label) - log P(second) at the first token; None without logprobs, or with other than two labels."""
    cost_usd: float | None = None


@dataclass(slots=True, frozen=True)
class Row:
    """A held-out prompt with its gold answer, and what the teacher said while the corpus was made."""

    prompt_id: str
    gold: str
    prompt: Conversation
    """As the student is asked: no examples."""
    messages: Conversation
    """As the teacher was asked."""
    reply: Answer
    """The teacher's own answer."""
    completion: str
    """What the student would have been trained towards on this row; the reply unless curation relabelled it."""
    group: str | None = None


@dataclass(slots=True, frozen=True)
class Contestant:
    """Someone who answered every row. `answers` stand in the rows' order."""

    name: str
    spec: str
    answers: tuple[Answer, ...]
    size: Size = HOSTED
    in_flight: int = 1
    """Requests in flight at once: latencies compare only where this is equal."""
    failed: str | None = None
    """Why it answered nothing at all, of an export; it then has no answers and no score."""


def teacher_contestants(
    rows: Sequence[Row], spec: str, scorer: Scorer, *, size: Size = HOSTED, in_flight: int = 1
) -> list[Contestant]:
    """The teacher as it answered, and, where curation relabelled any row, the teacher as relabelled."""
    replies = tuple(row.reply for row in rows)
    found = [Contestant(TEACHER, spec, replies, size, in_flight)]
    if any(scorer.normal(row.reply.text) != scorer.normal(row.completion) for row in rows):
        relabelled = tuple(_relabelled(row) for row in rows)
        found.append(Contestant(CALIBRATED, spec, relabelled, size, in_flight))
    return found


def _relabelled(row: Row) -> Answer:
    # The same call at the same price; only the text that is read off it differs.
    reply = row.reply
    return Answer(
        row.completion,
        reply.outcome,
        reply.input_tokens,
        reply.output_tokens,
        reply.latency_s,
        reply.log_odds,
        reply.cost_usd,
    )
