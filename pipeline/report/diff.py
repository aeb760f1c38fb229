"""Differences between two answers, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
MOST_WORDS = 600
"""Of either text: matching takes time with the square of them. Longer ones are shown without marks."""


@dataclass(slots=True, frozen=True)
class Part:
    """A piece of a text, and whether the other text lacks it."""

    text: str
    differs: bool


def compare_words(theirs: str, mine: str) -> tuple[list[Part], list[Part]]:
    """Returns both texts in pieces.

    A text's pieces joined are that text; those that do not differ are the same in both.
    """
    their_words, my_words = WORDS.findall(theirs), WORDS.findall(mine)
    if max(len(their_words), len(my_words)) > MOST_WORDS:
        return [Part(theirs, False)], [Part(mine, False)]
    # Without `autojunk`: it passes over words that are frequent, as in any text they are.
    matcher = SequenceMatcher(None, their_words, my_words, autojunk=False)
    their_parts: list[Part] = []
    my_parts: list[Part] = []
    for tag, start, end, my_start, my_end in matcher.get_opcodes():
        _append(their_parts, their_words[start:end], tag)
        _append(my_parts, my_words[my_start:my_end], tag)
    return their_parts, my_parts


def _append(parts: list[Part], words: list[str], tag: str) -> None:
    if words:
        parts.append(Part("".join(words), tag != "equal"))
