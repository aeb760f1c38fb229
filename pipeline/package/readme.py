"""The README of an export: what it is, how to run it, what it scored."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

from pipeline.run.evaluation.contestants import ExportResult
from pipeline.run.exports import README, Export
from pipeline.run.files import write_text
from students.export.find import FORMS

TEXT = """\
# {name}

An export of the student in `../../student`, whose README.md says what it was made from and under whose terms.

{score}

- weights: {size:.1f} MB
- written with {versions}

## Run it

{run}

or from stillhouse, wherever a teacher is named: `{provider}:{where}`

## Files, by sha256

{files}
"""


def write_readme(folder: Path, export: Export, result: ExportResult | None, rows: int) -> None:
    """Writes it; `result` is the export's part of evaluation.json, None before it was scored."""
    form = FORMS[export.name]
    text = TEXT.format(
        name=export.name,
        score=_score(result, rows),
        size=(export.bytes or 0) / 1e6,
        versions=", ".join(f"{name} {version}" for name, version in export.versions.items()),
        run=indent(form.run_with, " " * 4),
        provider=form.provider,
        where=form.placeholder,
        files="\n".join(f"- `{name}`: {value}" for name, value in export.digests.items()),
    )
    write_text(folder / README, text)


def _score(result: ExportResult | None, rows: int) -> str:
    if result is None:
        return "It has not been scored yet."
    if result.failed is not None:
        return f"It could not be scored: {result.failed}"
    score = None
    if result.summary is not None:
        score = result.summary.score
    if score is None or score.interval is None:
        return f"It was asked {rows} held-out rows, without anything to score against."
    low, high = score.interval
    return f"It scores {score.value:.3f} on {rows} held-out rows (95 % interval {low:.3f} to {high:.3f})."
