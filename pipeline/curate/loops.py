"""Loops in a text: the same words over and over."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from prompts.words import words

MAX_PERIOD = 256
"""The longest loop looked for, in words: a long paragraph."""

MAX_WORD = 60
"""A longer word is read character by character: "aaaa..." is a loop too."""

FIRST_EMOJI = 0x1F000
"""Where Unicode's pictographs begin."""


def loops(text: Sequence[str], min_words: int, times: int) -> float:
    """Counts how often the most repeated run of words follows itself, over at least `min_words`; 0 if under `times`.

    A run of p words that comes k times in a row is a stretch of k * p words in which each equals the one p before it.
    """
    if not _may_loop(text, min_words, times):
        return 0.0
    numbers: dict[str, int] = {}
    ids = np.array([numbers.setdefault(word, len(numbers)) for word in text])
    most = 0.0
    for period in range(1, min(MAX_PERIOD, len(ids) // times) + 1):
        least = max(min_words, times * period)
        same = ids[period:] == ids[:-period]
        if np.count_nonzero(same) >= least - period:
            stretch = _longest_run(same) + period
            most = max(most, stretch / period if stretch >= least else 0.0)
    return most


def units_of(text: str) -> list[str]:
    """Splits a text into what loops are made of: words, characters of overlong ones, emoji where there is no word."""
    units: list[str] = []
    for word in words(text.casefold()) or [char for char in text if ord(char) >= FIRST_EMOJI]:
        if len(word) > MAX_WORD:
            units.extend(word)
        else:
            units.append(word)
    return units


def _may_loop(text: Sequence[str], min_words: int, times: int) -> bool:
    """Says whether enough pairs of words come again for a loop.

    A stretch of n words with period p <= n / times repeats n - 1 - p.
    """
    stretch = max(min_words, times)
    pairs = len(text) - 1
    return pairs - len(set(pairwise(text))) >= stretch - 1 - stretch / times


def _longest_run(same: NDArray[np.bool_]) -> int:
    """Counts the most True in a row."""
    breaks = np.flatnonzero(np.concatenate(([True], ~same, [True])))
    return int(np.diff(breaks).max()) - 1
