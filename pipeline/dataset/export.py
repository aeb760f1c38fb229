"""`stillhouse export`: kept.parquet as another trainer's file, streamed, with what it could not carry counted."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from pipeline.dataset.formats import alpaca, bedrock_distillation, openai_chat, sharegpt, trl
from pipeline.dataset.formats.dialogue import Unfit
from pipeline.run.directory import RunDir, disk_errors
from pipeline.run.files import replace_durably
from pipeline.run.records import read_rows
from prompts.errors import InputError
from prompts.messages import Conversation, from_dicts

FORMATS: dict[str, Callable[[Conversation, Conversation], dict[str, Any]]] = {
    "openai-chat": openai_chat.record,
    "bedrock-distillation": bedrock_distillation.record,
    "trl": trl.record,
    "sharegpt": sharegpt.record,
    "alpaca": alpaca.record,
}


@dataclass(slots=True)
class Written:
    """What went into the file."""

    rows: int = 0
    many_turns: int = 0
    """Rows with several user turns."""
    skipped: Counter[str] = field(default_factory=Counter)
    size_bytes: int = 0


def export_run(root: Path, to: str, out: Path | None = None, split: str = "train") -> dict[str, Any]:
    """Writes what a run kept in the format `to`; returns where, how many rows, and what a reader would refuse.

    Without `out` the file is RUN/exports/TO-SPLIT.jsonl, made anew each time. InputError where RUN has no corpus,
    `out` exists (it may be anybody's), or no row fits.
    """
    path = root / "exports" / f"{to}-{split}.jsonl" if out is None else out
    _check(root, path, out)
    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        written = _write(path, FORMATS[to], _rows(RunDir(root).kept, split))
    return {
        "to": to,
        "split": split,
        "path": str(path),
        "rows": written.rows,
        "skipped": dict(written.skipped),
        "remarks": _remarks(to, written),
    }


def render_export(done: dict[str, Any]) -> str:
    """Where it went and what to know of it."""
    lines = [f"wrote {done['rows']} rows to {done['path']}"]
    lines += [f"  left out: {count} {reason}" for reason, count in done["skipped"].items()]
    return "\n".join([*lines, *(f"  note: {remark}" for remark in done["remarks"])])


def _check(root: Path, path: Path, out: Path | None) -> None:
    kept = RunDir(root).kept
    if not kept.is_file():
        raise InputError("no such corpus", path=kept, remedy="Run 'stillhouse run RECIPE --until curate' first")
    if out is not None and path.exists():
        raise InputError("exists already", path=path, remedy="Delete it, or give another --out")


def _rows(kept: Path, split: str) -> Iterator[tuple[Conversation, Conversation]]:
    for row in read_rows(kept, ["prompt", "completion", "split"]):
        if split in ("all", row["split"]):
            yield from_dicts(row["prompt"]), from_dicts(row["completion"])


def _write(
    path: Path,
    record: Callable[[Conversation, Conversation], dict[str, Any]],
    rows: Iterator[tuple[Conversation, Conversation]],
) -> Written:
    written = Written()
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as file:
            for prompt, completion in rows:
                try:
                    line = orjson.dumps(record(prompt, completion), option=orjson.OPT_APPEND_NEWLINE)
                except Unfit as error:
                    written.skipped[str(error)] += 1
                    continue
                written.rows += 1
                written.many_turns += sum(turn.role == "user" for turn in prompt) > 1
                written.size_bytes += file.write(line)
        if not written.rows:
            why = ", ".join(f"{count} {reason}" for reason, count in written.skipped.items())
            raise InputError("no row to write" + (f": {why}" if why else ""), path=path, remedy="Try --split all")
        replace_durably(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return written


def _remarks(to: str, written: Written) -> list[str]:
    match to:
        case "openai-chat":
            return openai_chat.remarks(written.rows)
        case "bedrock-distillation":
            return bedrock_distillation.remarks(written.rows, written.many_turns, written.size_bytes)
        case _:
            return []
