"""Directories that are there whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path


def publish(target: Path, write: Callable[[Path], None]) -> None:
    """Calls `write` on an empty sibling of `target` and renames it there, in place of an older one.

    What a killed process left behind is cleared first. Where `write` raises, `target` stays as it was.
    """
    partial, old = beside(target, "partial"), beside(target, "old")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        write(partial)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    replace(partial, target, old)


def replace(new: Path, target: Path, old: Path) -> None:
    """Moves directory `new` to `target`. A kill between the two renames leaves the older one at `old`."""
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def beside(target: Path, kind: str) -> Path:
    """A hidden sibling on the same file system, so that a rename can join them."""
    return target.parent / f".{target.name}.{kind}"


def directory_bytes(path: Path) -> int:
    """The size of every file below a directory."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
