"""Where a run stands, read beside a process that may be writing it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from pipeline.inference.pace_log import read_pace, render_pace, summarise
from pipeline.journal.progress import progress_of
from pipeline.run.directory import RunDir

WIDTH = 30
"""Columns of the bar."""


def read_status(root: Path) -> dict[str, Any]:
    """Every stage's status and the journal's progress; InputError where `root` is no run.

    `now` is what the process that works on it is doing: the object that `pipeline.run.progress` tells machines, with
    `detail`, the same for people, and `at`, Unix time in seconds. None where none works on it.
    """
    run = RunDir(root)
    # Before the manifest is read: a process writes how it ended, and then lets go of the lock.
    locked = run.is_locked()
    manifest = run.load_manifest()
    return {
        "run": str(root),
        "locked": locked,
        **manifest.to_dict(),
        "now": _read_now(run.now) if locked else None,
        "journal": progress_of(run.journal) if run.journal.exists() else None,
        "pace": summarise(read_pace(run.pace)),
    }


def render_status(status: dict[str, Any]) -> str:
    """A line a stage, what is being done now, then the journal, then the pace of the last sitting over its time."""
    held = "a process is working on it" if status["locked"] else "no process is working on it"
    lines = [f"{status['run']} ({status['name']}): {held}"]
    lines += [f"  {name:<9} {_stage(entry, locked=status['locked'])}" for name, entry in status["stages"].items()]
    lines += render_now(status["now"])
    if journal := status["journal"]:
        attempts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(journal["attempts"].items()))
        lines.append(
            f"  journal   {journal['answered']} of {journal['samples']} samples answered; attempts: {attempts}"
        )
    return "\n".join([*lines, *render_pace(status["pace"])])


def render_now(now: Mapping[str, Any] | None) -> Iterator[str]:
    """A bar with rate and time left, its figures, and a line for each account; nothing where nothing is known."""
    if now is None:
        return
    filled = round(WIDTH * min(now["done"] / now["total"], 1)) if now["total"] else 0
    yield f"  now       {'█' * filled}{'░' * (WIDTH - filled)} {how_far(now)}"
    if now["detail"]:
        yield f"            {now['detail']}"
    for name, at in (now.get("accounts") or {}).items():
        refused = f", {at['refused']} x 429" if at["refused"] else ""
        yield f"            {name}: {at['in_flight']} of {at['ceiling']} in flight, {at['waiting']} waiting{refused}"


def how_far(now: Mapping[str, Any]) -> str:
    """Stage, count, rate and time left."""
    left = "" if now["left_s"] is None else f", {_duration(now['left_s'])} left"
    total = f" of {now['total']:,}" if now["total"] else ""
    return f"{now['stage']}: {now['done']:,}{total}, {now['per_s']:,.3g}/s{left}"


def _read_now(path: Path) -> dict[str, Any] | None:
    """None where it has said nothing yet. The file is replaced whole, so it is never torn; it may be gone."""
    try:
        found: dict[str, Any] = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    return found


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _stage(entry: dict[str, Any], *, locked: bool) -> str:
    match entry["status"]:
        case "running" if locked:
            return f"running for {time.time() - entry['started_at']:.0f} s"
        case "running":
            return "was killed; the same command goes on from there"
        case "failed":
            return f"failed: {entry['error']}"
        case "stopped" if entry["error"]:
            return str(entry["error"])
        case status:
            return f"{status} in {entry['seconds']:.1f} s"
