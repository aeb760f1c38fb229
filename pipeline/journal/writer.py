"""The one thread that writes: whatever is queued while a commit runs shares the next one (group commit)."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pipeline.journal.schema import explain
from pipeline.run.errors import RunError

COMMIT_ROWS = 512  # more callers than are ever in flight: a commit is never split for its size

COUNT = "INSERT INTO counters VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value"

T = TypeVar("T")
Write = Callable[[sqlite3.Connection, Counter[str]], T]
"""Writes its rows and adds to the counters that are stored in the same commit."""


@dataclass(slots=True, frozen=True)
class _Queued:
    write: Write[Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class Writer:
    """Commits writes in the order they are queued, each whole or not at all.

    After one failed commit nothing more is written, and every caller gets its error: what the disk holds is no
    longer known to be ours (https://www.usenix.org/conference/atc20/presentation/rebello).
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._broken: RunError | None = None
        self._queue: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        # A daemon: what was awaited is on disk, and a process that dies of an error must not wait for the rest.
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Writes what is queued. Safe to call twice."""
        if self._thread.is_alive():
            self._queue.put(None)  # the last in line: what was queued before is written
            self._thread.join()

    async def commit(self, write: Write[T]) -> T:
        """Queues a write for the next commit and returns its value once that is on disk.

        A caller that is cancelled stops waiting, but what it queued is written.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Queued(write, loop, future))
        return await future

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            while len(batch) < COMMIT_ROWS and not self._queue.empty():
                item = self._queue.get()
                if item is None:
                    self._queue.put(None)  # this batch is committed first, and the loop ends at the next look
                    break
                batch.append(item)
            values = [] if self._broken else self._commit(batch)
            # One wake-up of the loop for the whole commit, not one for each caller.
            with suppress(RuntimeError):  # the loop has ended: stopped at once, nobody waits
                batch[0].loop.call_soon_threadsafe(_resolve, batch, values, self._broken)

    def _commit(self, batch: list[_Queued]) -> list[Any]:
        counts: Counter[str] = Counter()
        try:
            # IMMEDIATE: a transaction that began as a reader and then writes can fail with SQLITE_BUSY.
            self._connection.execute("BEGIN IMMEDIATE")
            values = [item.write(self._connection, counts) for item in batch]
            self._connection.executemany(COUNT, list(counts.items()))
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._broken = explain(error, self._path)
            self._broken.__cause__ = error
            return []
        except MemoryError:
            self._broken = RunError(f"{self._path}: no memory is left to write the journal: free some, run again")
            return []
        return values


def _resolve(batch: list[_Queued], values: list[Any], broken: RunError | None) -> None:
    for index, item in enumerate(batch):
        if item.future.done():  # its caller was cancelled
            continue
        if broken is None:
            item.future.set_result(values[index])
        else:
            item.future.set_exception(broken)
