"""`stillhouse export`: kept.parquet as another trainer's file, streamed, with what it could not carry counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from pipeline.dataset.format import ExportFormat, Unfit, Written, export_formats
from pipeline.run.directory import RunDir, disk_errors
from pipeline.run.files import replace_durably
from pipeline.run.records import read_rows
from prompts.errors import InputError
from prompts.messages import Conversation, from_dicts


def export_run(root: Path, to: str, out: Path | None = None, split: str = "train") -> dict[str, Any]:
    """Writes what a run kept in the format `to`; returns where, how many rows, and what a reader would refuse.

    Without `out` the file is RUN/exports/TO-SPLIT.jsonl, made anew each time. InputError where RUN has no corpus,
    `out` exists (it may be anybody's), or no row fits.
    """
    form = export_formats()[to]
    # Split in the name: exports of train and held-out rows stand side by side.
    path = out or root / "exports" / f"{to}-{split}.jsonl"
    _check(root, path, out)
    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        written = _write(path, form, _rows(RunDir(root).kept, split))
    return {
        "to": to,
        "split": split,
        "path": str(path),
        "rows": written.rows,
        "skipped": dict(written.skipped),
        "remarks": form.remarks(written),
    }


def render_export(done: dict[str, Any]) -> str:
    """Says where it went and what to know of it."""
    lines = [f"wrote {done['rows']} rows to {done['path']}"]
    for reason, count in done["skipped"].items():
        lines.append(f"  left out: {count} {reason}")
    for remark in done["remarks"]:
        lines.append(f"  note: {remark}")
    return "\n".join(lines)


def _check(root: Path, path: Path, out: Path | None) -> None:
    kept = RunDir(root).kept
    if not kept.is_file():
        raise InputError("no such corpus", path=kept, remedy="Run 'stillhouse run RECIPE --until curate' first")
    if out is not None and path.exists():  # the run's own file is made anew
        raise InputError("exists already", path=path, remedy="Delete it, or give another --out")


def _rows(kept: Path, split: str) -> Iterator[tuple[Conversation, Conversation]]:
    for row in read_rows(kept, ["prompt", "completion", "split"]):
        if split in ("all", row["split"]):
            yield from_dicts(row["prompt"]), from_dicts(row["completion"])


def _write(path: Path, form: ExportFormat, rows: Iterator[tuple[Conversation, Conversation]]) -> Written:
    # Beside its place, then renamed: a file under its own name is whole.
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as file:
            written = _write_lines(file, form, rows)
        if not written.rows:
            raise _nothing_written(path, written)
        replace_durably(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return written


def _write_lines(file: BinaryIO, form: ExportFormat, rows: Iterator[tuple[Conversation, Conversation]]) -> Written:
    written = Written()
    for prompt, completion in rows:
        try:
            line = orjson.dumps(form.record(prompt, completion), option=orjson.OPT_APPEND_NEWLINE)
        except Unfit as error:
            written.skipped[str(error)] += 1
            continue
        written.rows += 1
        written.size_bytes += file.write(line)
        if [turn.role for turn in prompt].count("user") > 1:
            written.many_turns += 1
    return written


def _nothing_written(path: Path, written: Written) -> InputError:
    problem = "no row to write"
    if written.skipped:
        problem += ": " + ", ".join(f"{count} {reason}" for reason, count in written.skipped.items())
    return InputError(problem, path=path, remedy="Try --split all")
