"""A format of logs: how a record of its is recognised and read, and where it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from prompts.declared import declared_in
from prompts.logs.logged import Logged

LAST = 100


@dataclass(slots=True, frozen=True)
class Record:
    """One line of a log that holds a JSON object."""

    body: Mapping[str, Any]
    file: Path
    line: int


@dataclass(slots=True, frozen=True)
class LogFormat:
    """One format."""

    name: str
    """A record of its that lacks fields is counted as `malformed_NAME`."""
    title: str
    """As messages call its records."""
    recognises: Callable[[Mapping[str, Any]], bool]
    """Tells whether an object has its shape, usable or not. Formats are asked in the order of their places."""
    read: Callable[[Record], Iterator[Logged]]
    """Reads the calls of a record: mostly one. Unusable, with the reason, for a record that gives none.

    AttributeError, KeyError, IndexError, TypeError and ValueError may pass: the record is malformed.
    """
    place: int = LAST
    """Equal places go by name. A format that recognises little stands behind those that recognise more."""


def find_log_format(body: object) -> LogFormat | None:
    """Returns the first format that recognises a line's JSON; None where none does."""
    if not isinstance(body, Mapping):
        return None
    for each in log_formats():
        if each.recognises(body):
            return each
    return None


@cache
def log_formats() -> tuple[LogFormat, ...]:
    """Returns FORMAT of every module in prompts/logs/formats, in the order in which they are asked."""
    formats: list[LogFormat] = list(declared_in("prompts.logs.formats", "FORMAT").values())
    formats.sort(key=lambda each: (each.place, each.name))
    return tuple(formats)
