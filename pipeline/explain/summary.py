"""What a finished command says: the run's numbers, as a table where there are any."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import orjson

from pipeline.run.directory import RunDir


def read_summary(run: RunDir, last: str) -> dict[str, Any]:
    """The manifest after the stages up to `last`; the evaluation and the page where these are among them.

    An earlier stage alone may have left them behind: they would be of another corpus.
    """
    evaluated, reported = last in ("evaluate", "report"), last == "report"
    return {
        "run": str(run.root),
        "manifest": run.load_manifest().to_dict(),
        "evaluation": orjson.loads(run.evaluation.read_bytes()) if evaluated else None,
        "report": str(run.report) if reported else None,
    }


def render_summary(summary: dict[str, Any]) -> str:
    """The comparison table and where to read more."""
    lines = []
    if summary["evaluation"]:
        from pipeline.report.table import render_table

        width = shutil.get_terminal_size().columns
        stages = summary["manifest"]["stages"]
        seconds = {name: entry["seconds"] for name, entry in stages.items() if entry["seconds"] is not None}
        lines.append(render_table(summary["evaluation"], seconds, width=width, terminal=sys.stdout.isatty()))
    if summary["report"]:
        lines.append(f"report: {summary['report']}")
    return "\n".join([*lines, f"run: {summary['run']}"])
