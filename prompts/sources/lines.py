"""Lines of text files, numbered from 1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prompts.errors import InputError


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Streams the lines that are not blank, each with its number."""
    # As bytes: only then is a line's number known where it does not decode.
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.isspace():
                yield number, line


def decode_line(path: Path, number: int, line: bytes) -> str:
    """Decodes a line, less the mark that a first line may begin with; InputError where it is not UTF-8."""
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(path, number, error) from error


def not_utf8(path: Path, line: int, error: UnicodeDecodeError) -> InputError:
    """Makes the error that names byte and column."""
    return InputError(
        f"is not UTF-8 (byte 0x{error.object[error.start]:02x} at column {error.start + 1})",
        path=path,
        line=line,
        remedy="Convert it: iconv -f latin1 -t utf-8",
    )
