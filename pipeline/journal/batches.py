"""Batches in the journal: a part's attempts are on disk before it is submitted, its job's id right after.

    open_part ──▶ submitted ──▶ results settle its attempts, in any order ──▶ close_part

A part's attempts have consecutive ids in the order of its lines. Those without an outcome, in a part that is open,
are at the provider: a new process neither forgets them nor asks them again.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pipeline.journal.journal import Journal, write_intent
from teachers.base import Reply
from teachers.batch.base import Part, Ticket
from teachers.errors import TeacherError

KEYS = 500
"""Keys to a query: SQLite before 3.32 takes 999 variables."""

ENTRIES = """
SELECT a.id, r.key, a.outcome FROM batches b JOIN attempts a ON a.id BETWEEN b.first AND b.first + b.requests - 1
JOIN requests r ON r.id = a.request WHERE b.part = ? ORDER BY a.id
"""


@dataclass(slots=True, frozen=True)
class OpenPart:
    """A part that was begun and not ended."""

    ticket: Ticket
    teacher: str
    job_id: str | None
    """None where it is not known whether the provider has it."""


@dataclass(slots=True, frozen=True)
class Entry:
    """One line of a part."""

    attempt: int
    key: str
    outcome: str | None
    """None while nothing has come for it."""


class Batches:
    """The batches of an open journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def open_part(self, part: Part, teacher: str, worst_usd: Mapping[str, float]) -> None:
        """Records that a part is about to be submitted, with an attempt for each of its lines.

        `worst_usd` says by key what a request can cost, where that is known.
        """

        def write(connection: sqlite3.Connection, counts: Counter[str]) -> None:
            # One transaction, so the ids are consecutive: ENTRIES reads a part as a range of them.
            now = part.ticket.created_at
            attempts = [
                write_intent(connection, counts, key=bytes.fromhex(key), now=now, worst_usd=worst_usd.get(key))
                for key in part.keys
            ]
            row = (part.ticket.part_id, teacher, now, attempts[0], len(attempts))
            connection.execute("INSERT INTO batches VALUES (?, ?, NULL, 1, ?, ?, ?)", row)

        await self._journal.commit(write)

    async def submitted(self, part_id: str, job_id: str) -> None:
        """Records the job that a part became."""
        await self._execute("UPDATE batches SET job = ? WHERE part = ?", (job_id, part_id))

    async def close_part(self, part_id: str) -> None:
        """Records that nothing more will come for a part; each of its attempts has an outcome."""
        await self._execute("UPDATE batches SET is_open = 0 WHERE part = ?", (part_id,))

    def open_parts(self) -> list[OpenPart]:
        """Returns the parts that are at the provider, or may be."""
        sql = "SELECT part, created_at, requests, teacher, job FROM batches WHERE is_open = 1 ORDER BY created_at"
        parts = []
        for part, created_at, requests, teacher, job in self._journal.read(sql):
            parts.append(OpenPart(Ticket(part, created_at, requests), teacher, job))
        return parts

    def jobs(self) -> frozenset[str]:
        """Returns the ids of all jobs that parts became."""
        return frozenset(job for (job,) in self._journal.read("SELECT job FROM batches WHERE job IS NOT NULL"))

    def entries(self, part_id: str) -> list[Entry]:
        """Returns a part's lines in their order."""
        return [Entry(attempt, key.hex(), outcome) for attempt, key, outcome in self._journal.read(ENTRIES, (part_id,))]

    def in_flight(self, keys: Iterable[str]) -> set[str]:
        """Returns those of the requests that have an attempt without an outcome."""
        feed, flying = iter(keys), set()
        while some := [bytes.fromhex(key) for key in islice(feed, KEYS)]:
            marks = ", ".join("?" * len(some))
            sql = f"""SELECT r.key FROM requests r JOIN attempts a ON a.request = r.id
                      WHERE r.key IN ({marks}) AND a.outcome IS NULL"""  # only question marks
            flying |= {row[0].hex() for row in self._journal.read(sql, some)}
        return flying

    async def settle(self, attempt: int, key: str, ended: Reply | TeacherError) -> None:
        """Records how an attempt ended; returns once that is on disk."""
        await self._journal.settle_key(attempt, key, ended)

    async def _execute(self, sql: str, values: Sequence[Any]) -> None:
        def write(connection: sqlite3.Connection, _: Counter[str]) -> None:
            connection.execute(sql, values)

        await self._journal.commit(write)
