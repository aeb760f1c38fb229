"""CSV with a header. Its rows have no ends before they are parsed, so a sample parses every row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from prompts.errors import InputError
from prompts.sources.lines import not_utf8
from prompts.sources.source import SourceFormat, SourceRow


def read(path: Path) -> Iterator[SourceRow]:
    """Streams the rows, each under the number of its last line."""
    _check_utf8(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            for values in reader:
                # DictReader puts cells too many under None, and None in place of cells too few.
                if None in values or None in values.values():
                    cells = len(reader.fieldnames or [])
                    raise InputError(
                        f"does not have {cells} cells like the header",
                        path=path,
                        line=reader.line_num,
                        remedy="Quote cells that hold commas",
                    )
                yield SourceRow(reader.line_num, dict(values))
        except csv.Error as error:
            # Of the reader inside: DictReader counts a line only once it was read well.
            raise InputError(f"is not CSV: {error}", path=path, line=reader.reader.line_num) from error


def _check_utf8(path: Path) -> None:
    # A text reader decodes in blocks and cannot say which line is wrong; lines of bytes can.
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise not_utf8(path, number, error) from error


FORMAT = SourceFormat("CSV", read, suffixes=(".csv",), place=1)
