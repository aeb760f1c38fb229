"""JSON Lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from prompts.errors import InputError
from prompts.sources.draw import Drawn, draw
from prompts.sources.lines import decode_line, numbered_lines
from prompts.sources.source import SourceFormat, SourceRow


def read(path: Path) -> Iterator[SourceRow]:
    """Streams the objects, each under its line's number."""
    for number, line in numbered_lines(path):
        yield parse(path, number, line)


def draw_lines(path: Path, count: int, seed: int, limit: int | None) -> Drawn[SourceRow]:
    """Draws lines and parses those alone."""
    lines = draw(islice(numbered_lines(path), limit), count, seed)
    return Drawn(lines.seen, tuple(parse(path, number, line) for number, line in lines.items))


def parse(path: Path, number: int, line: bytes) -> SourceRow:
    """Parses one line; InputError where it is no object."""
    try:
        # Not orjson: it refuses NaN, which json.dump writes, and rounds integers of more than 64 bits.
        values = json.loads(decode_line(path, number, line))
    # ValueError: a number of more than 4,300 digits, too. RecursionError: a line of a thousand opening brackets.
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not JSON: {error}", path=path, line=number, remedy="One object a line") from error
    if not isinstance(values, dict):
        problem = f"is a {type(values).__name__}, not an object"
        raise InputError(problem, path=path, line=number, remedy="One object a line")
    return SourceRow(number, values)


FORMAT = SourceFormat("JSONL", read, suffixes=(".jsonl", ".ndjson"), draw=draw_lines, place=0)
