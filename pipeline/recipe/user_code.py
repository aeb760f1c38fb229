"""Code of the user's that a step or a scorer names: FILE.py:NAME, or a program and its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.recipe.missing import Missing
from prompts.digest import digest_file

FUNCTION = r"^.+\.py:[A-Za-z_]\w*$"
"""FILE.py:NAME, as a pattern."""

DIGEST_CHARS = 12
"""Of a file's digest, where it stands in for the bytes: 48 bits tell a person's versions of a file apart."""


def split_function(function: str) -> tuple[str, str]:
    """Splits FILE.py:NAME. A path may hold colons, and a name holds none."""
    file, _, name = function.rpartition(":")
    return file, name


def function_beside(function: str, folder: Path) -> str:
    """Makes the function's file absolute, a relative one taken from `folder`."""
    # A file that is not there becomes absolute too: the message then names where it was looked for.
    file, name = split_function(function)
    return f"{(folder / file).resolve()}:{name}"


def missing_function(function: str, folder: Path) -> Missing | None:
    """Looks for the function's file; the function itself is looked for when it is to run."""
    file, _ = split_function(function)
    if Path(file).is_file():
        return None
    return Missing(("function",), f"no such file: {file}", f"Relative to {folder}")


def function_files(function: str) -> list[Path]:
    """Returns the function's file; what it imports in turn is not followed."""
    file, _ = split_function(function)
    return command_files([file])


def command_beside(words: Sequence[str], folder: Path) -> list[str]:
    """Returns a command's words, those that are files in `folder` as absolute paths.

    One that is absolute stays as it is: a virtual environment's python is a link that must not be followed.
    """
    placed = []
    for word in words:
        file = folder.resolve() / word
        placed.append(str(file) if file.is_file() else word)
    return placed


def command_files(words: Sequence[str]) -> list[Path]:
    """Returns those of a command's words that are files, once they are absolute."""
    return [Path(word) for word in words if _is_file(word)]


def by_content(word: str) -> str:
    """Returns a file as its name and the start of its digest, wherever it lies; any other word as it is."""
    if not _is_file(word):
        return word
    path = Path(word)
    return f"{path.name} ({digest_file(path)[:DIGEST_CHARS]})"


def _is_file(word: str) -> bool:
    # Absolute alone: `python` is a program on the PATH, also where a file of that name lies in the working directory.
    path = Path(word)
    return path.is_absolute() and path.is_file()
