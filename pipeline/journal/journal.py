"""The journal: every attempt and every reply, on disk before it is used."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any, Self

from pipeline.journal.codec import encode_reply
from pipeline.journal.declare import Stager, chunked, swap
from pipeline.journal.owed import count_owed, read_owed
from pipeline.journal.read import (
    Unscored,
    count_owed_scores,
    count_to_ask_again,
    counts_of,
    read_answered,
    read_unscored,
)
from pipeline.journal.samples import FallbackChain
from pipeline.journal.schema import ANSWERED, explain, open_journal, read_only
from pipeline.journal.vocabulary import Vocabulary
from pipeline.journal.writer import COUNT, T, Write, Writer
from teachers.base import Reply, Request
from teachers.errors import TeacherError

SCORINGS = 1000
"""Rows to a commit."""

SETTLE = "UPDATE attempts SET ended_at = ?, outcome = ?, detail = ?, cost_usd = ? WHERE id = ?"
SPENT = "SELECT total(coalesce(cost_usd, worst_usd)) FROM attempts"
BEGUN = """
SELECT s.prompt + 1 FROM samples s JOIN requests r ON r.id = s.request
WHERE r.outcome IS NOT NULL ORDER BY s.position DESC LIMIT 1
"""
REPLY = "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?)"
UNANSWERED = f"(outcome IS NULL OR outcome NOT IN {ANSWERED})"
OUTCOME = f"UPDATE requests SET outcome = ? WHERE id = ? AND {UNANSWERED}"
LEFT = """
outcome IS NULL AND NOT EXISTS (
    SELECT 1 FROM batches b WHERE b.is_open AND attempts.id BETWEEN b.first AND b.first + b.requests - 1
)
"""
"""Attempts that no process waits for: what is in an open batch is with its provider."""

LEFT_UNKNOWN = f"""
UPDATE requests SET outcome = 'unknown' WHERE id IN (SELECT request FROM attempts WHERE {LEFT}) AND {UNANSWERED}
"""


class Journal:
    """The run's journal, open for writing. One process at a time: the run's lock sees to that."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = open_journal(path)
        self.left_in_flight = self._mark_unknown()
        """Attempts that the last process sent and never saw answered; they may be paid again."""
        # A connection of its own: reading never waits for the thread that writes.
        self._reader = read_only(path)
        self._writer = Writer(self._connection, path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Writes what is queued, then closes the file. Safe to call twice."""
        self._writer.close()
        self._reader.close()
        self._connection.close()

    def has_declared(self, fingerprint: str) -> bool:
        """Tells whether the samples of this run were declared under this fingerprint."""
        row = self._reader.execute("SELECT fingerprint FROM declared").fetchone()
        return row is not None and row[0] == fingerprint

    async def want(
        self, chains: Iterable[FallbackChain], fingerprint: str | None = None, *, rows: Callable[[], int] = lambda: 0
    ) -> None:
        """Declares the samples of this run, replacing an earlier declaration; replies are never removed.

        `chains` is read once and never held whole; a prompt's chains stand one after another. A prompt that comes
        again is left out. Whatever `chains` raises leaves the earlier declaration as it is. `rows` tells, when
        `chains` has ended, how many rows of the source it was read from.
        """
        # Chunk by chunk: one transaction over a million prompts would hold all of them in the log.
        stager = Stager()
        await self._writer.commit(stager.begin)
        for chunk in chunked(chains):
            await self._writer.commit(partial(_stage, stager=stager, chains=chunk))
        await self._writer.commit(partial(swap, fingerprint=fingerprint, rows=rows()))

    async def intend(self, request: Request, worst_usd: float | None = None) -> int:
        """Records that `request` is about to be sent, and what it can cost; returns the attempt's id once on disk."""
        key, now = bytes.fromhex(request.key), time.time()
        return await self._writer.commit(partial(write_intent, key=key, now=now, worst_usd=worst_usd))

    async def settle(self, attempt: int, request: Request, ended: Reply | TeacherError) -> None:
        """Records how an attempt ended; returns once that is on disk."""
        await self.settle_key(attempt, request.key, ended)

    async def settle_key(self, attempt: int, request_key: str, ended: Reply | TeacherError) -> None:
        """Settles a request of which only the key is at hand: one that came back in a batch."""
        key = bytes.fromhex(request_key)
        if isinstance(ended, TeacherError):
            # What may have been paid has no cost of its own: it counts at its worst case.
            unpaid = None if ended.maybe_paid else 0.0
            end = _Ended(attempt, key, time.time(), ended.outcome, str(ended), unpaid)
            await self._writer.commit(partial(_end, ended=end))
            return
        end = _Ended(attempt, key, time.time(), ended.outcome, None, ended.cost_usd)
        body = encode_reply(ended, self._vocabulary)
        # Nothing is awaited in between: the words a reply brings are queued before any reply that uses them.
        packed = _Packed(body, len(ended.tokens), self._vocabulary.take_fresh())
        await self._writer.commit(partial(_keep, ended=end, packed=packed))

    async def commit(self, write: Write[T]) -> T:
        """Queues a write for the next commit; returns its value once that is on disk."""
        return await self._writer.commit(write)

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Returns what a query finds in the last commit."""
        return self._reader.execute(sql, values).fetchall()

    async def want_scored(self, scorings: Iterable[tuple[str, str, str]]) -> None:
        """Declares which replies take their logprobs from another teacher, replacing an earlier declaration.

        Each is (key of the reply's request, key of the scoring request, who scores).
        """
        await self._writer.commit(lambda connection, _: connection.execute("DELETE FROM scorings"))
        feed = iter(scorings)
        while chunk := list(islice(feed, SCORINGS)):
            await self._writer.commit(partial(_score, scorings=chunk))

    def owed(self, lane: int) -> Iterator[FallbackChain]:
        """Streams the declared chains that this teacher is asked first, less what was answered; a page at a time."""
        return read_owed(self._reader, lane)

    def count_owed(self) -> dict[int, int]:
        """Counts the chains that are owed, by the teacher that is asked first."""
        return count_owed(self._reader)

    def counts(self) -> dict[str, int]:
        """Reads the declaration's counts: rows of the source, prompts, chains, samples, samples answered."""
        return counts_of(self._reader)

    def count_begun(self) -> int:
        """Counts rows of the source, as declared, up to the last one of which a request has ended."""
        rows = self.read(BEGUN)
        if not rows:
            return 0
        return int(rows[0][0])

    def spent_usd(self) -> float:
        """Sums the dollars of every attempt there ever was; one whose cost is not known counts at its worst case."""
        [[dollars]] = self.read(SPENT)
        return float(dollars)

    def count_to_ask_again(self) -> int:
        """Counts the chains that another run could answer."""
        return count_to_ask_again(self._reader)

    def answered(self, keys: Iterable[str]) -> set[str]:
        """Returns those of the requests that have a reply, wanted now or not."""
        return read_answered(self._reader, keys)

    def unscored(self) -> Iterator[Unscored]:
        """Streams the declared samples' whole replies that have no logprobs."""
        return read_unscored(self._reader)

    def count_owed_scores(self) -> int:
        """Counts the declared scorings that have no reply."""
        return count_owed_scores(self._reader)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self._reader.execute("SELECT id, bytes, token FROM vocabulary"))

    def _mark_unknown(self) -> int:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(LEFT_UNKNOWN)
            left = self._connection.execute(f"UPDATE attempts SET outcome = 'unknown' WHERE {LEFT}").rowcount
            if left:
                self._connection.executemany(COUNT, [("attempts:in_flight", -left), ("attempts:unknown", left)])
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._connection.close()
            raise explain(error, self.path) from error
        return left


@dataclass(slots=True, frozen=True)
class _Ended:
    """An attempt that has ended."""

    attempt: int
    key: bytes
    at: float
    outcome: str
    detail: str | None
    cost_usd: float | None


@dataclass(slots=True, frozen=True)
class _Packed:
    """A reply as it is stored."""

    body: bytes
    tokens: int
    fresh_words: list[tuple[int, bytes, int | None]]
    """Rows of the vocabulary that it is the first to use."""


def _stage(connection: sqlite3.Connection, _: Counter[str], *, stager: Stager, chains: list[FallbackChain]) -> None:
    stager.add(connection, chains)


def write_intent(
    connection: sqlite3.Connection, counts: Counter[str], *, key: bytes, now: float, worst_usd: float | None = None
) -> int:
    """Writes that a request is about to be sent; returns the attempt's id."""
    request = _request_id(connection, key)
    later = "SELECT count(*) FROM samples WHERE request = ? AND place > 0"
    [reserves] = connection.execute(later, (request,)).fetchone()
    if reserves and not connection.execute("SELECT 1 FROM attempts WHERE request = ?", (request,)).fetchone():
        counts["samples"] += reserves  # a chain's later teacher is a sample once it is asked
    counts["attempts:in_flight"] += 1
    row = (request, now, worst_usd)
    cursor = connection.execute("INSERT INTO attempts (request, sent_at, worst_usd) VALUES (?, ?, ?)", row)
    return int(cursor.lastrowid or 0)


def _end(connection: sqlite3.Connection, counts: Counter[str], *, ended: _Ended) -> int:
    """Writes an attempt's end; returns its request's id."""
    request = _request_id(connection, ended.key)
    connection.execute(SETTLE, (ended.at, ended.outcome, ended.detail, ended.cost_usd, ended.attempt))
    connection.execute(OUTCOME, (ended.outcome, request))
    counts["attempts:in_flight"] -= 1
    counts[f"attempts:{ended.outcome}"] += 1
    return request


def _keep(connection: sqlite3.Connection, counts: Counter[str], *, ended: _Ended, packed: _Packed) -> None:
    request = _end(connection, counts, ended=ended)
    connection.executemany("INSERT INTO vocabulary VALUES (?, ?, ?)", packed.fresh_words)
    is_first = connection.execute(REPLY, (request, ended.attempt, packed.tokens, packed.body)).rowcount
    if is_first:  # only the first reply stays, so a second one answers nothing more
        samples = connection.execute("SELECT count(*) FROM samples WHERE request = ?", (request,)).fetchone()
        counts["answered"] += samples[0]


def _score(connection: sqlite3.Connection, _: Counter[str], *, scorings: list[tuple[str, str, str]]) -> None:
    rows = []
    for key, score, scored_by in scorings:
        request = _request_id(connection, bytes.fromhex(key))
        scoring = _request_id(connection, bytes.fromhex(score))
        rows.append((request, scoring, scored_by))
    connection.executemany("INSERT INTO scorings VALUES (?, ?, ?)", rows)


def _request_id(connection: sqlite3.Connection, key: bytes) -> int:
    """Returns the id of a request; one that was not declared, a judge's or a scorer's, gets its row now."""
    row = connection.execute("SELECT id FROM requests WHERE key = ?", (key,)).fetchone()
    if row is not None:
        return int(row[0])
    return int(connection.execute("INSERT INTO requests (key) VALUES (?)", (key,)).lastrowid or 0)
