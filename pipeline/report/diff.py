"""What differs between two answers, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
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


def compare_words(one: str, other: str) -> tuple[list[Part], list[Part]]:
    """Both texts in pieces. A text's pieces joined are that text; those that do not differ are the same in both."""
    mine, theirs = WORDS.findall(one), WORDS.findall(other)
    if max(len(mine), len(theirs)) > MOST_WORDS:
        return [Part(one, False)], [Part(other, False)]
    blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes()
    left = [("".join(mine[start:end]), tag != "equal") for tag, start, end, _, _ in blocks]
    right = [("".join(theirs[start:end]), tag != "equal") for tag, _, _, start, end in blocks]
    return list(_parts(left)), list(_parts(right))


def _parts(pieces: list[tuple[str, bool]]) -> Iterator[Part]:
    for text, differs in pieces:
        if text:
            yield Part(text, differs)
