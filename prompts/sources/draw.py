"""A simple random sample: of a feed in one pass, or of numbered places."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from math import floor, log, log1p, nextafter
from typing import Generic, TypeVar

T = TypeVar("T")

LARGEST_BELOW_ONE = nextafter(1.0, 0.0)


@dataclass(slots=True, frozen=True)
class Drawn(Generic[T]):
    """A simple random sample without replacement, in the source's order."""

    seen: int
    """So many there were to draw from."""
    items: tuple[T, ...]

    @property
    def is_all(self) -> bool:
        """Tells whether nothing was left out."""
        return self.seen == len(self.items)


def draw(feed: Iterable[T], count: int, seed: int) -> Drawn[T]:
    """Draws so many of a feed, or all where there are fewer, in one pass that holds no more than those.

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
    kept.sort(key=lambda pair: pair[0])
    return Drawn(seen, tuple(item for _, item in kept))


def draw_places(length: int, count: int, seed: int, limit: int | None = None) -> Drawn[int]:
    """Draws so many of the first `limit` places of something with a length, in ascending order."""
    if limit is not None:
        length = min(length, limit)
    # Of a range sample() holds a few times what it draws, never all of it.
    places = random.Random(seed).sample(range(length), min(count, length))
    return Drawn(length, tuple(sorted(places)))


def _next(chance: random.Random, place: int, weight: float, count: int) -> tuple[int, float]:
    """Draws the next item that enters the sample after the one at `place`, and the weight from there on."""
    # A weight of 1.0 would make log1p(-weight) infinite.
    weight = min(weight * (1.0 - chance.random()) ** (1.0 / count), LARGEST_BELOW_ONE)
    return place + 1 + floor(log(1.0 - chance.random()) / log1p(-weight)), weight
