"""What a finished command says: the run's numbers, as a table where there are any."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import orjson

from pipeline.run import RunDir


def read_summary(run: RunDir) -> dict[str, Any]:
    """The manifest, and the evaluation if this manifest's evaluate stage is done."""
    manifest = run.load_manifest()
    evaluated = manifest.stages.get("evaluate")
    done = evaluated is not None and evaluated.status == "done" and run.evaluation.exists()
    return {
        "run": str(run.root),
        "manifest": manifest.to_dict(),
        "evaluation": orjson.loads(run.evaluation.read_bytes()) if done else None,
        "report": str(run.report) if run.report.exists() else None,
    }


def render_summary(summary: dict[str, Any]) -> str:
    """The comparison table and where to read more."""
    lines = []
    if summary["evaluation"]:
        from pipeline.report.table import render_table

        width = shutil.get_terminal_size().columns
        lines.append(
            render_table(summary["evaluation"], summary["manifest"], width=width, terminal=sys.stdout.isatty())
        )
    if summary["report"]:
        lines.append(f"report: {summary['report']}")
    return "\n".join([*lines, f"run: {summary['run']}"])
