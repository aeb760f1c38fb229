"""Where a run stands, read beside a process that may be writing it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from pipeline.inference.pace_log import PaceSummary, read_pace, render_pace, summarise
from pipeline.journal.progress import progress_of
from pipeline.run.directory import RunDir
from pipeline.run.manifest import Entry

WIDTH = 30
"""Columns of the bar."""


@dataclass(slots=True, frozen=True)
class AccountNow:
    """An account at a moment."""

    in_flight: int
    ceiling: int
    waiting: int
    refused: int
    """Answers of status 429 so far."""


@dataclass(slots=True, frozen=True)
class Now:
    """The work that is being done: the last that `pipeline.run.progress` told machines."""

    stage: str
    done: int
    total: int
    """0 while nobody has counted."""
    per_s: float
    left_s: float | None
    detail: str
    """The rest, for people."""
    accounts: Mapping[str, AccountNow] = field(default_factory=dict)
    message: Mapping[str, Any] = field(default_factory=dict)
    """All of it, as the file has it: for JSON."""

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Now:
        """Reads the object of the file."""
        accounts = message.get("accounts") or {}
        return cls(
            stage=message["stage"],
            done=message["done"],
            total=message["total"],
            per_s=message["per_s"],
            left_s=message["left_s"],
            detail=message["detail"],
            accounts={name: AccountNow(**counts) for name, counts in accounts.items()},
            message=message,
        )


@dataclass(slots=True, frozen=True)
class JournalProgress:
    """Generation so far."""

    samples: int
    answered: int
    attempts: Mapping[str, int]
    """By outcome; `in_flight` has none yet."""


@dataclass(slots=True, frozen=True)
class RunStatus:
    """A run at a moment."""

    run: str
    locked: bool
    """Whether a process works on it."""
    name: str
    stages: Mapping[str, Entry]
    now: Now | None
    """None where no process works on it, or it has said nothing yet."""
    journal: JournalProgress | None
    """None before anything was asked."""
    pace: PaceSummary | None

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {
            "run": self.run,
            "locked": self.locked,
            "name": self.name,
            "stages": {name: entry.to_dict() for name, entry in self.stages.items()},
            "now": self.now and dict(self.now.message),
            "journal": self.journal and asdict(self.journal),
            "pace": self.pace and self.pace.to_dict(),
        }


def read_status(root: Path) -> RunStatus:
    """Reads every stage's status and the journal's progress; InputError where `root` is no run."""
    run = RunDir(root)
    # Before the manifest is read: a process writes how it ended, and then lets go of the lock.
    locked = run.is_locked()
    manifest = run.load_manifest()
    return RunStatus(
        run=str(root),
        locked=locked,
        name=manifest.name,
        stages=manifest.stages,
        now=_read_now(run.now) if locked else None,
        journal=JournalProgress(**progress_of(run.journal)) if run.journal.exists() else None,
        pace=summarise(read_pace(run.pace)),
    )


def render_status(status: RunStatus) -> str:
    """Renders a line a stage, what is being done now, then the journal, then the pace of the last sitting."""
    return "\n".join(_lines(status))


def render_now(now: Now | None) -> Iterator[str]:
    """Yields a bar with rate and time left, its figures, and a line for each account; nothing where there is none."""
    if now is None:
        return
    filled = round(WIDTH * min(now.done / now.total, 1)) if now.total else 0
    yield f"  now       {'█' * filled}{'░' * (WIDTH - filled)} {how_far(now)}"
    if now.detail:
        yield f"            {now.detail}"
    for name, account in now.accounts.items():
        line = f"{name}: {account.in_flight} of {account.ceiling} in flight, {account.waiting} waiting"
        if account.refused:
            line += f", {account.refused} x 429"
        yield f"            {line}"


def how_far(now: Now) -> str:
    """Says stage, count, rate and time left."""
    line = f"{now.stage}: {now.done:,}"
    if now.total:
        line += f" of {now.total:,}"
    line += f", {now.per_s:,.3g}/s"
    if now.left_s is not None:
        line += f", {_duration(now.left_s)} left"
    return line


def _lines(status: RunStatus) -> Iterator[str]:
    held = "a process is working on it" if status.locked else "no process is working on it"
    yield f"{status.run} ({status.name}): {held}"
    for name, entry in status.stages.items():
        yield f"  {name:<9} {_stage(entry, locked=status.locked)}"
    yield from render_now(status.now)
    if status.journal is not None:
        yield f"  journal   {_journal(status.journal)}"
    yield from render_pace(status.pace)


def _journal(journal: JournalProgress) -> str:
    attempts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(journal.attempts.items()))
    return f"{journal.answered} of {journal.samples} samples answered; attempts: {attempts}"


def _read_now(path: Path) -> Now | None:
    """None where it has said nothing yet. The file is replaced whole, so it is never torn; it may be gone."""
    try:
        return Now.of(orjson.loads(path.read_bytes()))
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _stage(entry: Entry, *, locked: bool) -> str:
    match entry.status:
        case "running" if locked:
            return f"running for {time.time() - entry.started_at:.0f} s"
        case "running":
            return "was killed; the same command goes on from there"
        case "failed":
            return f"failed: {entry.error}"
        case "stopped" if entry.error:
            return entry.error
        case status:
            return f"{status} in {entry.seconds or 0.0:.1f} s"
