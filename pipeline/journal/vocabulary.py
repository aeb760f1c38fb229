"""The tokens that a journal's replies are made of: each pair of bytes and id is stored once and has a number."""

from __future__ import annotations

from collections.abc import Iterable

Entry = tuple[int, bytes, int | None]
"""A number, a token's bytes and its id where it has one."""


class Vocabulary:
    """Numbers for tokens, from 0 in the order they are first seen. As large as the teachers' vocabularies at most."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._numbers = {(data, token): number for number, data, token in entries}
        self._fresh: list[Entry] = []

    def number(self, data: bytes, token: int | None) -> int:
        """The number of a token; a new one is kept for `take_fresh`."""
        key = (data, token)
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self._numbers)
            self._fresh.append((found, data, token))
        return found

    def take_fresh(self) -> list[Entry]:
        """The tokens numbered since this was last called: to be on disk no later than what refers to them."""
        fresh, self._fresh = self._fresh, []
        return fresh
