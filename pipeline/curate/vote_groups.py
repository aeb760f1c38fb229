"""Which of a prompt's samples say the same: by text, label, JSON fields or number."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import orjson

from pipeline.curate.step import Sample
from pipeline.recipe.curate import Agreement
from prompts.text import bare_label, normalise

Camp = list[Sample]
"""Samples that say the same, by sample id."""

_NUMBER = re.compile(
    r"(?:(?<![\w)])[-\u2212])?"  # a minus sign, unless something stands before it: 5-3 ends in 3
    r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)"
    r"(?:[eE][+-]?\d{1,3}(?!\d))?"
)


def vote_groups_of(samples: Sequence[Sample], config: Agreement) -> list[Camp]:
    """The samples in camps, the largest first, a tie by sample id; those that say nothing readable are in none."""
    ordered = sorted(samples, key=lambda sample: sample.sample_id)
    vote_groups = _by_number(ordered, config.tolerance) if config.by == "number" else _by_key(ordered, config)
    return sorted(vote_groups, key=len, reverse=True)


def last_number(text: str) -> Decimal | None:
    """The last number in a text, which is where a worked answer ends; `1,234.5` has a comma for thousands."""
    found = _NUMBER.findall(text)
    return Decimal(found[-1].replace(",", "").replace("\u2212", "-")) if found else None


def _by_key(samples: Sequence[Sample], config: Agreement) -> list[Camp]:
    vote_groups: dict[str, Camp] = defaultdict(list)
    for sample in samples:
        key = _key(sample.completion, config)
        if key is not None:
            vote_groups[key].append(sample)
    return list(vote_groups.values())


def _key(text: str, config: Agreement) -> str | None:
    match config.by:
        case "label":
            return bare_label(text) or None
        case "json":
            return _json_key(text, config.fields)
        case _:
            return normalise(text)


def _json_key(text: str, fields: Sequence[str]) -> str | None:
    """The named fields, or the whole value where none is named; None where the text is no such JSON."""
    try:
        value = orjson.loads(text)
        if fields:
            value = {field: value.get(field) for field in fields} if isinstance(value, dict) else None
            if value is None:
                return None
        return orjson.dumps(plain(value), option=orjson.OPT_SORT_KEYS).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return None


def plain(value: Any) -> Any:
    """A JSON value in the one form in which values are compared: 1.0 is 1, and texts are normalised."""
    match value:
        case str():
            return normalise(value)
        case dict():
            return {name: plain(item) for name, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case _:
            return value


def _by_number(samples: Sequence[Sample], tolerance: float) -> list[Camp]:
    """Camps whose numbers span at most the tolerance: the largest there is, then the largest of the rest."""
    found = [(number, sample) for sample in samples if (number := last_number(sample.completion)) is not None]
    left = sorted(found, key=lambda pair: pair[0])  # stable: equal numbers stay by sample id
    vote_groups = []
    while left:
        start, end = _widest(left, Decimal(str(tolerance)))
        vote_groups.append(sorted((sample for _, sample in left[start:end]), key=lambda sample: sample.sample_id))
        left = left[:start] + left[end:]
    return vote_groups


def _widest(found: Sequence[tuple[Decimal, Sample]], tolerance: Decimal) -> tuple[int, int]:
    """The run of numbers that holds the most within the tolerance; a tie to the narrower, then by sample id."""
    numbers = [number for number, _ in found]
    best, at, end = (0, Decimal(0), ""), (0, 0), 0
    for start, number in enumerate(numbers):
        if start and number == numbers[start - 1]:
            continue  # a part of the run before
        while end < len(numbers) and numbers[end] - number <= tolerance:
            end += 1
        rank = (start - end, numbers[end - 1] - number, min(sample.sample_id for _, sample in found[start:end]))
        if rank < best:
            best, at = rank, (start, end)
    return at
