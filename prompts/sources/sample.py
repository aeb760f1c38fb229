"""A uniform sample of a source's rows, and how many rows there are, without parsing or holding the rest."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from math import floor, log, log1p, nextafter
from pathlib import Path
from typing import Generic, TypeVar

from prompts.sources.load import (
    SourceRow,
    check_exists,
    numbered_lines,
    open_batches,
    open_dataset,
    parse_line,
    read_rows,
)

T = TypeVar("T")

LARGEST_BELOW_ONE = nextafter(1.0, 0.0)


@dataclass(slots=True, frozen=True)
class Drawn(Generic[T]):
    """A simple random sample without replacement, in the source's order."""

    seen: int
    """How many there were to draw from."""
    items: tuple[T, ...]

    @property
    def is_all(self) -> bool:
        """Whether nothing was left out."""
        return self.seen == len(self.items)


def draw(feed: Iterable[T], count: int, seed: int) -> Drawn[T]:
    """So many of a feed, or all where there are fewer, in one pass that holds no more than those.

    Algorithm L (Li 1994, https://doi.org/10.1145/198429.198435): it draws how many items to pass over, so that ten
    million cost a comparison each.
    """
    chance, source = random.Random(seed), iter(feed)
    kept = list(enumerate(islice(source, count)))
    seen = len(kept)
    following, weight = _next(chance, seen - 1, 1.0, count)
    for item in source:
        if seen == following:
            kept[chance.randrange(count)] = (seen, item)
            following, weight = _next(chance, seen, weight, count)
        seen += 1
    return Drawn(seen, tuple(item for _, item in sorted(kept, key=lambda pair: pair[0])))


def draw_rows(path: Path, count: int, seed: int, limit: int | None = None) -> Drawn[SourceRow]:
    """So many of a source's first `limit` rows.

    Only what is drawn is parsed, but for CSV, whose rows have no ends before they are parsed. Raises InputError as
    `read_rows` does, of a bad row only where it is drawn.
    """
    check_exists(path)
    kind = path.suffix.lower()
    if path.is_dir():
        loaded = open_dataset(path)
        places = _places(len(loaded), count, seed, limit)
        rows = zip(places.items, loaded.select(places.items), strict=True)
        return Drawn(places.seen, tuple(SourceRow(place + 1, values) for place, values in rows))
    if kind in (".jsonl", ".ndjson"):
        lines = draw(islice(numbered_lines(path), limit), count, seed)
        return Drawn(lines.seen, tuple(parse_line(path, number, line) for number, line in lines.items))
    if kind == ".parquet":
        return _draw_parquet(path, count, seed, limit)
    return draw(islice(read_rows(path), limit), count, seed)


def _draw_parquet(path: Path, count: int, seed: int, limit: int | None) -> Drawn[SourceRow]:
    length, batches = open_batches(path)
    places = _places(length, count, seed, limit)
    rows, start, wanted = [], 0, list(reversed(places.items))
    for batch in batches:
        here = []
        while wanted and wanted[-1] < start + len(batch):
            here.append(wanted.pop() - start)
        values = batch.take(here).to_pylist() if here else []
        rows += [SourceRow(start + place + 1, row) for place, row in zip(here, values, strict=True)]
        start += len(batch)
        if not wanted:
            break
    return Drawn(places.seen, tuple(rows))


def _places(length: int, count: int, seed: int, limit: int | None) -> Drawn[int]:
    length = length if limit is None else min(length, limit)
    return Drawn(length, tuple(sorted(random.Random(seed).sample(range(length), min(count, length)))))


def _next(chance: random.Random, place: int, weight: float, count: int) -> tuple[int, float]:
    """The next item that enters the sample after the one at `place`, and the weight from there on."""
    weight = min(weight * (1.0 - chance.random()) ** (1.0 / count), LARGEST_BELOW_ONE)
    return place + 1 + floor(log(1.0 - chance.random()) / log1p(-weight)), weight
