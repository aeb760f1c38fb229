"""The last words of a finished command: the run's numbers, as a table where there are any."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.run.directory import RunDir
from pipeline.run.evaluation.file import read_evaluation
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.manifest import Manifest, seconds_of


@dataclass(slots=True, frozen=True)
class RunSummary:
    """A run after the stages that a command has brought up to date."""

    run: Path
    manifest: Manifest
    evaluation: Evaluation | None = None
    report: Path | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints."""
        values: dict[str, Any] = {"run": str(self.run), "manifest": self.manifest.to_dict()}
        values |= {"evaluation": None, "report": None}
        if self.evaluation is not None:
            values["evaluation"] = asdict(self.evaluation)
        if self.report is not None:
            values["report"] = str(self.report)
        return values


def read_summary(run: RunDir, last: str) -> RunSummary:
    """Reads the manifest; the evaluation and the page where the stages up to `last` are among them.

    An earlier stage alone may have left them behind: they would be of another corpus.
    """
    manifest = run.load_manifest()
    if last == "evaluate":
        return RunSummary(run.root, manifest, read_evaluation(run))
    if last == "report":
        return RunSummary(run.root, manifest, read_evaluation(run), run.report)
    return RunSummary(run.root, manifest)


def render_summary(summary: RunSummary) -> str:
    """Returns the comparison table and where to read more."""
    lines = []
    if summary.evaluation is not None:
        from pipeline.report.table import render_table

        width = shutil.get_terminal_size().columns
        seconds = seconds_of(summary.manifest.stages)
        lines.append(render_table(summary.evaluation, seconds, width=width, terminal=sys.stdout.isatty()))
    if summary.report is not None:
        lines.append(f"report: {summary.report}")
    return "\n".join([*lines, f"run: {summary.run}"])
