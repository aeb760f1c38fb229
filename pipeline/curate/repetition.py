"""Repetition: a reply that fell into a loop, saying the same words over and over."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.curate.step import Drop, Keep, Rule, Sample, Verdict, each
from pipeline.recipe.curate import Repetition
from prompts.words import words

MAX_PERIOD = 256
"""The longest loop looked for, in words: a long paragraph."""

MAX_WORD = 60
"""A longer word is read character by character: "aaaa..." is a loop too."""


def repetition(config: Repetition) -> Rule:
    """Drops replies in which some run of words comes `times` or more in a row, over `min_words` or more in all."""
    return each(partial(_verdict, config))


def _verdict(config: Repetition, sample: Sample) -> Verdict:
    found = loops(_units(sample.completion), config.min_words, config.times)
    return Drop("loop", found) if found >= config.times else Keep(sample)


def loops(text: Sequence[str], min_words: int, times: int) -> float:
    """How often the most repeated run of words follows itself, over at least `min_words` words; 0 if less than `times`.

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


def _units(text: str) -> list[str]:
    found = words(text.casefold()) or [char for char in text if ord(char) >= 0x1F000]  # emoji and nothing else
    return [unit for word in found for unit in (word if len(word) > MAX_WORD else (word,))]


def _may_loop(text: Sequence[str], min_words: int, times: int) -> bool:
    """Whether enough pairs of words come again: a stretch of n words with period p <= n / times repeats n - 1 - p."""
    stretch = max(min_words, times)
    pairs = len(text) - 1
    return pairs - len(set(pairwise(text))) >= stretch - 1 - stretch / times


def _longest_run(same: NDArray[np.bool_]) -> int:
    """The most True in a row."""
    breaks = np.flatnonzero(np.concatenate(([True], ~same, [True])))
    return int(np.diff(breaks).max()) - 1
