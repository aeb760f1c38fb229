"""A format of sources: what others must know of it, and where it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from prompts.declared import declared_in
from prompts.sources.draw import Drawn

LAST = 100


@dataclass(slots=True, frozen=True)
class SourceRow:
    """One row of a source and where it stands: a line of a text file, or a row number."""

    line: int
    values: dict[str, Any]


@dataclass(slots=True, frozen=True)
class SourceFormat:
    """One format: how a file or a directory becomes rows."""

    name: str
    """As messages call it."""
    read: Callable[[Path], Iterator[SourceRow]]
    """Streams the rows; InputError names the line of what cannot be read."""
    suffixes: tuple[str, ...] = ()
    """Of its files, in lower case, the usual one first; none: it reads directories."""
    is_mine: Callable[[Path], bool] | None = None
    """Tells its directories from those of other formats; None: every directory is its own."""
    draw: Callable[[Path, int, int, int | None], Drawn[SourceRow]] | None = None
    """Draws `(path, count, seed, limit)` without parsing the rest; None: every row has to be parsed."""
    place: int = LAST
    """Where it stands in lists; equal places go by name."""

    def recognises(self, path: Path) -> bool:
        """Tells whether this path is for this format to read."""
        if path.is_dir():  # before suffixes: a directory may be called rows.parquet
            return not self.suffixes and (self.is_mine is None or self.is_mine(path))
        return path.suffix.lower() in self.suffixes


@cache
def source_formats() -> tuple[SourceFormat, ...]:
    """Returns FORMAT of every module in prompts/sources/formats, in the order of lists."""
    formats: list[SourceFormat] = list(declared_in("prompts.sources.formats", "FORMAT").values())
    formats.sort(key=lambda each: (each.place, each.name))
    return tuple(formats)
