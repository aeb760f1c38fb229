"""One sample's whole story: what was asked, every attempt, the verdict, and what it was used for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.decisions.decision import Decision
from pipeline.decisions.store import read_decisions
from pipeline.explain.row_search import find_row, read_sample
from pipeline.explain.verdicts import CURATED, TEXT_CHARS, Dropped, Judged, Kept, NotCurated, Unanswered, Verdict
from pipeline.journal.read import attempts_of, reply_of
from pipeline.run.directory import RunDir
from pipeline.run.records import VERDICT
from prompts.errors import InputError
from teachers.base import ANSWERS

UNREAD = ("tokens", "created_at")
"""Columns that no story tells. To read one timestamp pyarrow imports pandas, which takes 0.2 s."""

TOLD = ("sample_id", "prompt_id", "request_key", "teacher", "sampling", "usage", "messages", "gold")
"""Columns of replies.parquet that a story begins with, in the order of its JSON."""


@dataclass(slots=True, frozen=True)
class Attempt:
    """One request that was sent; without an outcome while it is in flight."""

    id: int
    sent_at: float
    """Unix time in seconds."""
    ended_at: float | None
    outcome: str | None
    detail: str | None


@dataclass(slots=True, frozen=True)
class JournaledReply:
    """A reply as the journal has it, less its tokens."""

    text: str
    outcome: str
    finish_reason: str | None
    usage: Mapping[str, int | None] | None
    cost_usd: float | None
    latency_s: float | None
    request_id: str | None
    warnings: Sequence[str]


@dataclass(slots=True, frozen=True)
class Story:
    """All that the run knows of one sample."""

    row: Mapping[str, Any]
    """Its columns of TOLD, as replies.parquet has them."""
    sample_id: str
    prompt_id: str
    asked: str
    """Who was asked, and where."""
    turns: Sequence[str]
    """The messages' texts, oldest first."""
    gold: str | None
    attempts: Sequence[Attempt]
    reply: JournaledReply | None
    verdict: Verdict
    decisions: Sequence[Decision]
    """Of people, oldest first, those taken back too."""

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {
            **self.row,
            "attempts": [asdict(attempt) for attempt in self.attempts],
            "reply": self.reply and asdict(self.reply),
            "verdict": self.verdict.to_dict(),
            "review": [asdict(decision) for decision in self.decisions],
        }


def tell_story(root: Path, sample: str) -> Story:
    """Tells of the sample whose sample or prompt id begins with `sample`; InputError if there is not just one."""
    run = RunDir(root)
    run.require_run()
    if not run.journal.exists() or not run.replies.exists():
        raise InputError("has no replies yet", path=root, remedy="Run the generate stage first")
    row = find_row(run.replies, sample, UNREAD)
    reply = reply_of(run.journal, row["request_key"])
    return Story(
        row={name: row[name] for name in TOLD},
        sample_id=row["sample_id"],
        prompt_id=row["prompt_id"],
        asked=_endpoint(row["teacher"]),
        turns=[message["content"] for message in row["messages"]],
        gold=row["gold"],
        attempts=[Attempt(**attempt) for attempt in attempts_of(run.journal, row["request_key"])],
        reply=JournaledReply(**reply) if reply else None,
        verdict=_verdict(run, row),
        decisions=[each for each in read_decisions(run.reviews) if row["sample_id"] in each.question],
    )


def render_story(story: Story) -> str:
    """Renders it for a terminal."""
    return "\n".join(_lines(story))


def _lines(story: Story) -> Iterator[str]:
    yield f"sample {story.sample_id} of prompt {story.prompt_id}"
    yield f"asked {story.asked}"
    yield f"with {len(story.turns)} messages, the last:"
    for line in story.turns[-1].splitlines():
        yield f"  | {line}"
    for attempt in story.attempts:
        yield f"attempt {_when(attempt.sent_at)}: {attempt.outcome} {attempt.detail or ''}"
    if story.reply is not None:
        how = f"{story.reply.outcome}, {story.reply.finish_reason}"
        yield f"reply ({how}): {story.reply.text[:TEXT_CHARS]}"
        for warning in story.reply.warnings:
            yield f"warning: {warning}"
    yield f"gold: {story.gold}"
    yield from story.verdict.lines()
    for decision in story.decisions:
        yield _decision_line(decision)


def _endpoint(teacher: Mapping[str, Any]) -> str:
    name = f"{teacher['provider']}:{teacher['model']}"
    return f"{name} at {teacher['base_url']}" if teacher["base_url"] else name


def _verdict(run: RunDir, reply: Mapping[str, Any]) -> Verdict:
    """Looks for the sample on both sides of curation."""
    if kept := read_sample(run.kept, reply["sample_id"], CURATED):
        return Kept.of(kept, _judged(run, kept, reply))
    if dropped := read_sample(run.dropped, reply["sample_id"], (*CURATED, *VERDICT.names)):
        return Dropped.of(dropped, _judged(run, dropped, reply))
    if reply["outcome"] not in ANSWERS:
        return Unanswered(reply["outcome"])
    return NotCurated()


def _judged(run: RunDir, row: Mapping[str, Any], reply: Mapping[str, Any]) -> list[Judged]:
    if row["judge_score"] is None and row.get("step") != "judge":
        return []
    # Late: reading a judge's answer takes the recipe and its steps, half a second that most samples do without.
    from pipeline.explain.opinions import recall_opinions

    return recall_opinions(run, row, reply["reply"])


def _decision_line(decision: Decision) -> str:
    """Tells one decision, whether it stands or was taken back since."""
    words = ""
    if decision.other_id:
        words = f"over {decision.other_id}"
    elif decision.text is not None:
        words = f"as: {decision.text[:TEXT_CHARS]}"
    line = f"review {_when(decision.made_at)}: {decision.reviewer}: {decision.kind} {words}".rstrip()
    return f"{line} ({decision.note})" if decision.note else line


def _when(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")
