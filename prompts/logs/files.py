"""The files of a log and their lines: gzip or plain, each line within a bound of memory."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from prompts.logs.logged import Unusable

MAX_LINE_BYTES = 16 * 2**20
"""A prompt of a million tokens is about 4 MB of English; what a line inflates to beyond this is not kept."""
DISCARDED_BYTES = 2**16
"""How much of such a line is read at once, to be thrown away."""

_GZIP = b"\x1f\x8b"
_NAMES = (".json", ".jsonl", ".ndjson")
_BODIES = "data"
"""The folder in which Bedrock puts bodies of more than 100 KB, beside the records that name them."""


def log_files(path: Path) -> Iterator[Path]:
    """The file itself, or every log file below a folder, in the order of their names."""
    if path.is_file():
        yield path
        return
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        name = file.name.removesuffix(".gz")
        if name.endswith(_NAMES) and not name.startswith(".") and file.parent.name != _BODIES:
            yield file


def read_lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """Line numbers and lines, None for one that is too long; Unusable where the gzip stream breaks off."""
    number = 0
    try:
        with open_log(path) as file:
            while line := file.readline(MAX_LINE_BYTES):
                number += 1
                if len(line) < MAX_LINE_BYTES:
                    yield number, line
                else:
                    yield number, None
                    while line and not line.endswith(b"\n"):
                        line = file.readline(DISCARDED_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Unusable("torn_gzip") from error


def read_body(path: Path) -> bytes:
    """A whole file; Unusable where it is too long or torn."""
    try:
        with open_log(path) as file:
            body = file.read(MAX_LINE_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Unusable("torn_gzip") from error
    if len(body) > MAX_LINE_BYTES:
        raise Unusable("line_too_long")
    return body


def find_body(record: Path, s3_path: str) -> Path:
    """The local copy of a body that a record names by its S3 path; Unusable where there is none."""
    found = record.parent / _BODIES / s3_path.rsplit("/", maxsplit=1)[-1]
    if not found.is_file():
        raise Unusable("body_not_here")
    return found


def open_log(path: Path) -> IO[bytes]:
    """Opens a file, through gzip where its first bytes say so, whatever its name."""
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]  # GzipFile is one
