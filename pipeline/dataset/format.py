"""A format of `stillhouse export`: what others must know of it, and where it is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from prompts.declared import declared_in
from prompts.messages import Conversation

LAST = 100


class Unfit(Exception):
    """A row that a format cannot carry; `str(error)` is the reason it is counted under."""


@dataclass(slots=True)
class Written:
    """Counts of a file that was written."""

    rows: int = 0
    many_turns: int = 0
    """Rows with several user turns."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Reason -> rows that did not fit."""
    size_bytes: int = 0


def no_remarks(_: Written) -> list[str]:
    """Says nothing: its readers take any file."""
    return []


@dataclass(slots=True, frozen=True)
class ExportFormat:
    """One format: a file of JSON lines, of which each is a row of the corpus."""

    name: str
    """As the command line names it."""
    record: Callable[[Conversation, Conversation], dict[str, Any]]
    """Makes a line of a prompt and its completion; Unfit where the format cannot hold them."""
    remarks: Callable[[Written], list[str]] = no_remarks
    """Says what a reader would refuse in a file like this one: too few rows, too many bytes."""
    place: int = LAST
    """Where it stands in lists; equal places go by name."""


def export_formats() -> dict[str, ExportFormat]:
    """Returns name -> FORMAT of every module in pipeline/dataset/formats, in the order of lists."""
    formats: list[ExportFormat] = list(declared_in("pipeline.dataset.formats", "FORMAT").values())
    formats.sort(key=lambda each: (each.place, each.name))
    return {each.name: each for each in formats}
