"""The tokens that a journal's replies are made of: each pair of bytes and id is stored once and has a number."""

from __future__ import annotations

from collections.abc import Iterable

Word = tuple[bytes, int | None]
"""A token's bytes, and its id where it has one."""


class Vocabulary(dict[Word, int]):
    """Numbers for tokens, from 0 in the order they are first seen; a new one is given the next on looking it up.

    It grows to the size of the teachers' vocabularies at most.
    """

    def __init__(self, words: Iterable[tuple[int, bytes, int | None]]) -> None:
        super().__init__({(data, token): number for number, data, token in words})
        self._fresh: list[tuple[int, bytes, int | None]] = []

    def __missing__(self, word: Word) -> int:
        number = self[word] = len(self)
        self._fresh.append((number, *word))
        return number

    def take_fresh(self) -> list[tuple[int, bytes, int | None]]:
        """Returns the words numbered since this was last called: to be on disk no later than what refers to them."""
        fresh, self._fresh = self._fresh, []
        return fresh
