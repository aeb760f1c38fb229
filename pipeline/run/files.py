"""Small files of a run, written so that a reader or a power cut sees the old one or the new one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Writes a small file beside its place and renames it: a reader sees the old or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_text(text, encoding="utf-8")
        replace_durably(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def is_stale(path: Path, sources: Iterable[Path]) -> bool:
    """Says whether the file is missing, or one of those that it is made of was written after it."""
    if not path.exists():
        return True
    written_ns = path.stat().st_mtime_ns
    return any(source.exists() and source.stat().st_mtime_ns > written_ns for source in sources)


def replace_durably(beside: Path, path: Path) -> None:
    """Renames over `path` with the bytes on disk first: a power cut leaves the old file or the new one."""
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.replace(path)
