"""Directories that are there whole or not at all, and the disk they need."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prompts.errors import StillhouseError


def publish(target: Path, write: Callable[[Path], None]) -> None:
    """Calls `write` on an empty sibling of `target` and renames it there, in place of an older one.

    What a killed process left behind is cleared first. Where `write` raises, `target` stays as it was.
    """
    partial, old = beside(target, "partial"), beside(target, "old")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        write(partial)
    except BaseException:  # an interrupted one leaves nothing either
        shutil.rmtree(partial, ignore_errors=True)
        raise
    replace(partial, target, old)


def publish_file(target: Path, write: Callable[[Path], None]) -> None:
    """The same for one file."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        write(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def replace(new: Path, target: Path, old: Path) -> None:
    """Moves directory `new` to `target`. A kill between the two renames leaves the older one at `old`."""
    shutil.rmtree(old, ignore_errors=True)  # a rename onto a directory that is not empty fails
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


@contextmanager
def disk_for(path: Path, needed_bytes: int) -> Iterator[None]:
    """Raises StillhouseError where the disk of `path` has less than this free, or fills up inside.

    torch and safetensors report a full disk as errors of their own kinds: what is left on the disk tells.
    """
    _require_free(path, needed_bytes)
    try:
        yield
    except Exception as error:
        if _free_bytes(path) < FULL_BYTES:
            raise StillhouseError(f"the disk of {path} is full. Free some space, and train again to go on") from error
        raise


FULL_BYTES = 16 * 2**20
"""Less than this left is called full: no weights would fit."""


def _require_free(path: Path, needed_bytes: int) -> None:
    free = _free_bytes(path)
    if free < needed_bytes:
        raise StillhouseError(
            f"training needs {needed_bytes / 1e9:.1f} GB under {path} for its checkpoints, and {free / 1e9:.1f} GB "
            "are free. Free some space, or train adapters (student.lora)"
        )


def _free_bytes(path: Path) -> int:
    # `path` may be made later: its nearest folder that is there is on the same disk.
    there = next(place for place in (path, *path.parents) if place.exists())
    return shutil.disk_usage(there).free
