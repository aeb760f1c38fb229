"""Logs of any known format as calls: streamed, and what cannot be used is counted under its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from prompts.errors import InputError
from prompts.logs.files import log_files, read_lines
from prompts.logs.log_format import Record, find_log_format, log_formats
from prompts.logs.logged import Logged, Unusable

LOOKED_AT = 50
"""Records by which a file is known to be a log: a folder may begin with a few of another kind."""
UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Skipped:
    """Records that gave no call: how many for each reason, and where the first of them stands."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, reason: str, where: str) -> None:
        """Counts one more."""
        self.counts[reason] += 1
        self.first.setdefault(reason, where)

    def __str__(self) -> str:
        """Says it in words; nothing where nothing was skipped."""
        if not self.counts:
            return ""
        parts = [f"{count} {reason} (first: {self.first[reason]})" for reason, count in self.counts.most_common()]
        return f"{self.counts.total()} records could not be used: {', '.join(parts)}"


@dataclass(slots=True, frozen=True)
class _Line:
    """A line that says something, and where it stands."""

    file: Path
    number: int
    body: Any
    """Its JSON; None where it is none, which no format recognises."""

    def __str__(self) -> str:
        return f"{self.file}:{self.number}"


def read_logs(path: Path, skipped: Skipped | None = None) -> Iterator[Logged]:
    """Streams the calls of a file or folder, in the order of names and lines.

    A bad record is counted in `skipped` and never stops the others; InputError where no record can be used,
    and for a wrong line of our own format.
    """
    skipped = Skipped() if skipped is None else skipped
    used = 0
    for line in _lines(path, skipped):
        try:
            for call in _calls(line):
                used += 1  # a record with several choices may fail at a later one: what came before stays
                yield replace(call, where=str(line))
        except Unusable as error:
            skipped.add(str(error), str(line))
    if not used:  # only then: one usable record makes it a log
        raise InputError(str(skipped) or "holds no log", path=path, remedy=f"Give {_known()}, one a line")


def is_log(path: Path) -> bool:
    """Tells whether one of the first records has the shape of a log, usable or not."""
    return any(find_log_format(line.body) is not None for line in islice(_lines(path, Skipped()), LOOKED_AT))


def _lines(path: Path, skipped: Skipped) -> Iterator[_Line]:
    if not path.exists():
        raise InputError("no such file or folder", path=path, remedy=f"Give {_known()}")
    for file in log_files(path):
        number = 0
        try:
            for number, text in read_lines(file):
                if text is None:
                    skipped.add("line_too_long", f"{file}:{number}")
                elif text.strip():
                    yield _Line(file, number, _parsed(text))
        except Unusable as error:
            skipped.add(str(error), f"{file}:{number + 1}")


def _parsed(text: bytes) -> Any:
    try:
        return orjson.loads(text.removeprefix(UTF8_MARK))
    except orjson.JSONDecodeError:
        return None


def _calls(line: _Line) -> Iterator[Logged]:
    if line.body is None:
        raise Unusable("not_json")
    log_format = find_log_format(line.body)
    if log_format is None:
        raise Unusable("unknown_shape")
    try:
        yield from log_format.read(Record(line.body, line.file, line.number))
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        # The record is recognised and lacks the fields of its format.
        raise Unusable(f"malformed_{log_format.name}") from error


def _known() -> str:
    *others, last = [each.title for each in log_formats()]
    return f"{', '.join(others)}, or {last}"
