"""Which of a prompt's samples say the same: by text, label, JSON fields or number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import orjson

from pipeline.recipe.verdict import Sample
from prompts.json_values import comparable
from prompts.labels import bare_label
from prompts.numbers import last_number
from prompts.text import normalise

VoteGroup = list[Sample]
"""Samples that say the same, by sample id."""


@dataclass(slots=True, frozen=True)
class Ballot:
    """When two replies say the same: the step `agreement` documents each field."""

    by: Literal["text", "label", "json", "number"]
    fields: tuple[str, ...] = ()
    tolerance: float = 0


def vote_groups_of(samples: Sequence[Sample], ballot: Ballot) -> list[VoteGroup]:
    """Groups the samples, the largest group first, a tie by sample id; what says nothing readable is in none."""
    ordered = sorted(samples, key=lambda sample: sample.sample_id)
    return sorted(_groups(ordered, ballot), key=len, reverse=True)


def _groups(samples: Sequence[Sample], ballot: Ballot) -> list[VoteGroup]:
    if ballot.by == "number":
        return _by_number(samples, ballot.tolerance)
    return _by_key(samples, ballot)


def _by_key(samples: Sequence[Sample], ballot: Ballot) -> list[VoteGroup]:
    groups: dict[str, VoteGroup] = defaultdict(list)
    for sample in samples:
        key = _key(sample.completion, ballot)
        if key is not None:
            groups[key].append(sample)
    return list(groups.values())


def _key(text: str, ballot: Ballot) -> str | None:
    match ballot.by:
        case "label":
            return bare_label(text) or None
        case "json":
            return _json_key(text, ballot.fields)
        case _:
            return normalise(text)


def _json_key(text: str, fields: Sequence[str]) -> str | None:
    """Writes the named fields in one form, or the whole value where none is named; None where it is no such JSON."""
    try:
        value = orjson.loads(text)
        if fields:
            if not isinstance(value, dict):
                return None
            value = {field: value.get(field) for field in fields}
        return orjson.dumps(comparable(value), option=orjson.OPT_SORT_KEYS).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return None


def _by_number(samples: Sequence[Sample], tolerance: float) -> list[VoteGroup]:
    """Groups numbers that span at most the tolerance: the largest group there is, then the largest of the rest."""
    numbered: list[tuple[Decimal, Sample]] = []
    for sample in samples:
        number = last_number(sample.completion)
        if number is not None:
            numbered.append((number, sample))
    left = sorted(numbered, key=lambda pair: pair[0])  # stable: equal numbers stay by sample id
    groups = []
    while left:
        # As a decimal by its digits: the float 0.1 is a little more than a tenth.
        start, end = _widest(left, Decimal(str(tolerance)))
        groups.append(sorted((sample for _, sample in left[start:end]), key=lambda sample: sample.sample_id))
        left = left[:start] + left[end:]
    return groups


def _widest(numbered: Sequence[tuple[Decimal, Sample]], tolerance: Decimal) -> tuple[int, int]:
    """Finds the run of numbers that holds the most within the tolerance; a tie to the narrower, then by sample id."""
    numbers = [number for number, _ in numbered]
    best, at, end = (0, Decimal(0), ""), (0, 0), 0
    for start, number in enumerate(numbers):
        if start and number == numbers[start - 1]:
            continue  # a part of the run before
        while end < len(numbers) and numbers[end] - number <= tolerance:
            end += 1
        first_id = min(sample.sample_id for _, sample in numbered[start:end])
        rank = (start - end, numbers[end - 1] - number, first_id)
        if rank < best:
            best, at = rank, (start, end)
    return at
