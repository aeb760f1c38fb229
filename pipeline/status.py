"""Where a run stands, read beside a process that may be writing it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pipeline.journal import progress_of
from pipeline.pace_log import read_pace, render_pace, summarise
from pipeline.run import RunDir


def read_status(root: Path) -> dict[str, Any]:
    """Every stage's status and the journal's progress; InputError where `root` is no run."""
    run = RunDir(root)
    manifest = run.load_manifest()
    return {
        "run": str(root),
        "locked": run.is_locked(),
        **manifest.to_dict(),
        "journal": progress_of(run.journal) if run.journal.exists() else None,
        "pace": summarise(read_pace(run.pace)),
    }


def render_status(status: dict[str, Any]) -> str:
    """A line a stage, then the journal, then the pace of the last sitting over its time."""
    held = "a process is working on it" if status["locked"] else "no process is working on it"
    lines = [f"{status['run']} ({status['name']}): {held}"]
    lines += [f"  {name:<9} {_stage(entry, locked=status['locked'])}" for name, entry in status["stages"].items()]
    if journal := status["journal"]:
        attempts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(journal["attempts"].items()))
        lines.append(
            f"  journal   {journal['answered']} of {journal['samples']} samples answered; attempts: {attempts}"
        )
    return "\n".join([*lines, *render_pace(status["pace"])])


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
