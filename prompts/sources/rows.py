"""Rows of any source, streamed: `read_rows` asks the format that recognises it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prompts.errors import InputError
from prompts.sources.source import SourceFormat, SourceRow, source_formats


def read_rows(path: Path) -> Iterator[SourceRow]:
    """Streams a source by its kind; InputError names file and line of what cannot be read."""
    return find_format(path).read(path)


def find_format(path: Path) -> SourceFormat:
    """Returns the format that recognises a source; InputError, with all that are read, where none does."""
    formats = source_formats()
    if not path.exists():
        raise InputError("no such file", path=path, remedy=f"Give {_listed(formats)}")
    for each in formats:
        if each.recognises(path):
            return each
    # The usual suffix of each: the others would make a long message of no use.
    suffixes = _joined([each.suffixes[0] for each in formats if each.suffixes])
    raise InputError(f"unknown kind of source '{path.suffix}'", path=path, remedy=f"Use {suffixes}")


def _listed(formats: tuple[SourceFormat, ...]) -> str:
    """Says what is read: files, then directories."""
    files = _joined([each.name for each in formats if each.suffixes])
    directories = _joined([each.name for each in formats if not each.suffixes])
    return f"a {files} file, or a {directories} directory"


def _joined(names: list[str]) -> str:
    *others, last = names
    if not others:
        return last
    return f"{', '.join(others)} or {last}"
