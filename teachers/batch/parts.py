"""Requests split into parts within a provider's limits, each written to a file as its lines come."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from prompts.errors import InputError
from teachers.batch.base import Part, Ticket
from teachers.provider import PartLimits

Line = tuple[str, bytes]
"""A request's key, and its line without the newline."""


def split(lines: Iterable[Line], limits: PartLimits, folder: Path) -> Iterator[Part]:
    """Parts of the lines in their order, as large as the limits allow; a part's file lives until the next is taken.

    As many lines are held back as a part must have at least, so that the last part has them: it is smaller only
    where all lines together are fewer, or their bytes do not let it. InputError for a line that no part can hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ahead: deque[Line] = deque()
    draft = _Draft(folder, limits)
    try:
        for line in lines:
            _check(line, limits)
            ahead.append(line)
            if len(ahead) > limits.min_requests:
                if not draft.has_room([ahead[0]]):
                    yield draft.finish()
                    draft = draft.next()
                draft.add(ahead.popleft())
        if draft.keys and not draft.has_room(ahead):
            yield draft.finish()
            draft = draft.next()
        for line in ahead:
            if not draft.has_room([line]):
                yield draft.finish()
                draft = draft.next()
            draft.add(line)
        if draft.keys:
            yield draft.finish()
    finally:
        draft.discard()


class _Draft:
    """A part that is being written."""

    def __init__(self, folder: Path, limits: PartLimits) -> None:
        self.keys: list[str] = []
        self._id, self._folder, self._limits = uuid.uuid4().hex, folder, limits
        self._path = folder / f"{self._id}.jsonl"
        self._file = self._path.open("wb")
        self._size = 0

    def has_room(self, lines: Iterable[Line]) -> bool:
        sizes = [len(body) + 1 for _, body in lines]
        fits = self._size + sum(sizes) <= self._limits.max_bytes
        return fits and len(self.keys) + len(sizes) <= self._limits.max_requests

    def add(self, line: Line) -> None:
        self.keys.append(line[0])
        self._size += self._file.write(line[1] + b"\n")

    def finish(self) -> Part:
        self._file.close()
        # Unix time, since the provider's lists are searched by it.
        return Part(Ticket(self._id, time.time(), len(self.keys)), self._path, self._size, tuple(self.keys))

    def next(self) -> _Draft:
        self.discard()
        return _Draft(self._folder, self._limits)

    def discard(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


def _check(line: Line, limits: PartLimits) -> None:
    if len(line[1]) + 1 > limits.max_bytes:
        says = f"request {line[0]} has {len(line[1]):,} bytes, a whole batch at most {limits.max_bytes:,}"
        raise InputError(says, remedy="Shorten the prompt, or set generate.lane to online")
