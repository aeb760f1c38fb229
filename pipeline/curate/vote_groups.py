"""Which of a prompt's samples say the same: by text, label, JSON fields or number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

import orjson

from pipeline.curate.step import Sample
from pipeline.recipe.curate import Agreement
from prompts.json_values import comparable
from prompts.labels import bare_label
from prompts.numbers import last_number
from prompts.text import normalise

Camp = list[Sample]
"""Samples that say the same, by sample id."""


def vote_groups_of(samples: Sequence[Sample], config: Agreement) -> list[Camp]:
    """The samples in camps, the largest first, a tie by sample id; those that say nothing readable are in none."""
    ordered = sorted(samples, key=lambda sample: sample.sample_id)
    vote_groups = _by_number(ordered, config.tolerance) if config.by == "number" else _by_key(ordered, config)
    return sorted(vote_groups, key=len, reverse=True)


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
        return orjson.dumps(comparable(value), option=orjson.OPT_SORT_KEYS).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return None


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
