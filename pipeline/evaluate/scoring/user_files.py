"""Files of the user's that a scorer names: a program's words, and FILE.py:NAME."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prompts.digest import digest_file

DIGITS = 12
"""Of a file's digest, where it stands in for the bytes: 48 bits tell a person's versions of a file apart."""


def split_function(function: str) -> tuple[str, str]:
    """Splits FILE.py:NAME. A path may hold colons, and a name holds none."""
    file, _, name = function.rpartition(":")
    return file, name


def beside(words: Sequence[str], folder: Path) -> list[str]:
    """Returns a command's words, those that are files in `folder` as absolute paths.

    One that is absolute stays as it is: a virtual environment's python is a link that must not be followed.
    """
    placed = []
    for word in words:
        file = folder.resolve() / word
        placed.append(str(file) if file.is_file() else word)
    return placed


def files_among(words: Sequence[str]) -> list[Path]:
    """Returns those of the words that are files, once they are absolute."""
    return [Path(word) for word in words if _is_file(word)]


def by_content(word: str) -> str:
    """Returns a file as its name and the start of its digest, wherever it lies; any other word as it is."""
    if not _is_file(word):
        return word
    path = Path(word)
    return f"{path.name} ({digest_file(path)[:DIGITS]})"


def _is_file(word: str) -> bool:
    # Absolute alone: `python` is a program on the PATH, also where a file of that name lies in the working directory.
    path = Path(word)
    return path.is_absolute() and path.is_file()
