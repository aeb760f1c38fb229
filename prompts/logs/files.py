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
"""So much of such a line is read at once, to be thrown away."""

_GZIP = b"\x1f\x8b"
_NAMES = (".json", ".jsonl", ".ndjson")
_BODIES = "data"
"""The folder in which Bedrock puts bodies of more than 100 KB, beside the records that name them."""


def log_files(path: Path) -> Iterator[Path]:
    """Yields the file itself, or every log file below a folder, in the order of their names."""
    if path.is_file():
        yield path
        return
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        name = file.name.removesuffix(".gz")
        if name.endswith(_NAMES) and not name.startswith(".") and file.parent.name != _BODIES:
            yield file


def read_lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """Streams line numbers and lines, None for a line that is too long; Unusable where the gzip stream breaks off."""
    number = 0
    try:
        with open_log(path) as file:
            while line := file.readline(MAX_LINE_BYTES):
                number += 1
                if len(line) < MAX_LINE_BYTES:
                    yield number, line
                    continue
                yield number, None
                while line and not line.endswith(b"\n"):  # its rest, which readline gave up before
                    line = file.readline(DISCARDED_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Unusable("torn_gzip") from error


def read_body(path: Path) -> bytes:
    """Reads a whole file; Unusable where it is too long or torn."""
    try:
        with open_log(path) as file:
            body = file.read(MAX_LINE_BYTES + 1)  # one more than may be: a longer file is known without reading it
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Unusable("torn_gzip") from error
    if len(body) > MAX_LINE_BYTES:
        raise Unusable("line_too_long")
    return body


def find_body(record: Path, s3_path: str) -> Path:
    """Finds the local copy of a body that a record names by its S3 path; Unusable where there is none."""
    # The last part alone: a path in a log must not lead out of the folder.
    body = record.parent / _BODIES / s3_path.rsplit("/", maxsplit=1)[-1]
    if not body.is_file():
        raise Unusable("body_not_here")
    return body


def open_log(path: Path) -> IO[bytes]:
    """Opens a file, through gzip where its first bytes say so, whatever its name."""
    with path.open("rb") as file:
        start = file.read(len(_GZIP))
    if start == _GZIP:
        return gzip.open(path, "rb")  # type: ignore[return-value]  # GzipFile is one
    return path.open("rb")
