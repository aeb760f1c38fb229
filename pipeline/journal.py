"""The journal: every attempt and every reply, on disk before it is used.

    request  ──intent──▶ attempts(outcome NULL) ──▶ sent to the teacher ──▶ settle ──▶ attempts(outcome), replies

One SQLite file in WAL mode with one writing thread. Intents and settlements from all requests in flight share
a commit (group commit): each caller's await returns when its own row is on disk. A kill at any moment leaves
a prefix of what was committed; an attempt without an outcome was in flight, and only those are asked again.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self

from pipeline.codec import decode_reply, encode_reply, encode_request, unpack
from pipeline.errors import DiskFull, RunError
from pipeline.wanted import Wanted
from teachers.base import Reply, Request
from teachers.errors import TeacherError

FORMAT_VERSION = 2
COMMIT_ROWS = 512  # more callers than are ever in flight: a commit is never split for its size

TABLES = """
CREATE TABLE samples (
    position INTEGER PRIMARY KEY, sample_id TEXT NOT NULL UNIQUE, prompt_id TEXT NOT NULL,
    request_key TEXT NOT NULL, n INTEGER NOT NULL, gold TEXT, grp TEXT, body BLOB NOT NULL
);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, request_key TEXT NOT NULL, sent_at REAL NOT NULL,
    ended_at REAL, outcome TEXT, detail TEXT
);
CREATE INDEX attempts_by_request ON attempts (request_key);
CREATE TABLE replies (request_key TEXT PRIMARY KEY, attempt_id INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE scorings (request_key TEXT PRIMARY KEY, score_key TEXT NOT NULL, scored_by TEXT NOT NULL);
"""

SETTLE = "UPDATE attempts SET ended_at = ?, outcome = ?, detail = ? WHERE id = ?"
OUTCOMES = "SELECT r.request_key, a.outcome FROM replies r JOIN attempts a ON a.id = r.attempt_id"
OWED = "SELECT sample_id FROM samples LEFT JOIN replies USING (request_key) WHERE replies.request_key IS NULL"
ROWS = """
SELECT s.sample_id, s.prompt_id, s.request_key, s.n, s.gold, s.grp, s.body, r.body, a.tries, a.first, a.last,
       t.body, c.scored_by
FROM samples s LEFT JOIN replies r USING (request_key)
LEFT JOIN scorings c USING (request_key) LEFT JOIN replies t ON t.request_key = c.score_key
LEFT JOIN (
    SELECT request_key, count(*) AS tries, min(sent_at) AS first,
           (SELECT outcome FROM attempts b WHERE b.request_key = c.request_key ORDER BY id DESC LIMIT 1) AS last
    FROM attempts c GROUP BY request_key
) a USING (request_key)
ORDER BY s.position
"""

Write = Callable[[sqlite3.Connection], Any]


class Journal:
    """The run's journal, open for writing. One process at a time: the run's lock sees to that."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = _open(path)
        self._queue: queue.SimpleQueue[tuple[Write, Callable[[Any, BaseException | None], None]] | None]
        self._queue = queue.SimpleQueue()
        self.left_in_flight = self._mark_unknown()
        """Attempts that the last process sent and never saw answered; they may be paid again."""
        self._writer = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Writes what is queued, then closes the file. Safe to call twice."""
        if self._writer.is_alive():
            self._queue.put(None)
            self._writer.join()
            self._connection.close()

    async def want(self, wanted: Iterable[Wanted]) -> None:
        """Declares the samples of this run, replacing an earlier declaration; replies are never removed."""
        rows = [
            (index, w.sample_id, w.prompt_id, w.request.key, w.samples, w.gold, w.group, encode_request(w.request))
            for index, w in enumerate(wanted)
        ]

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM samples")
            connection.executemany("INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

        await self._commit(write)

    async def intend(self, request: Request) -> int:
        """Records that `request` is about to be sent; returns the attempt's id once that is on disk."""
        row = (request.key, time.time())

        def write(connection: sqlite3.Connection) -> int:
            cursor = connection.execute("INSERT INTO attempts (request_key, sent_at) VALUES (?, ?)", row)
            return int(cursor.lastrowid or 0)

        attempt: int = await self._commit(write)
        return attempt

    async def settle(self, attempt: int, request: Request, ended: Reply | TeacherError) -> None:
        """Records how an attempt ended; returns once that is on disk."""
        now = time.time()
        if isinstance(ended, TeacherError):
            outcome, detail, body = ended.outcome, str(ended), None
        else:
            outcome, detail, body = ended.outcome, None, encode_reply(ended)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(SETTLE, (now, outcome, detail, attempt))
            if body is not None:
                connection.execute("INSERT OR IGNORE INTO replies VALUES (?, ?, ?)", (request.key, attempt, body))

        await self._commit(write)

    async def want_scored(self, scorings: Iterable[tuple[str, str, str]]) -> None:
        """Declares which replies take their logprobs from another teacher, replacing an earlier declaration.

        Each is (key of the reply's request, key of the scoring request, who scores).
        """
        rows = list(scorings)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM scorings")
            connection.executemany("INSERT INTO scorings VALUES (?, ?, ?)", rows)

        await self._commit(write)

    def outcomes(self) -> dict[str, str]:
        """How every reply ended, by request key, wanted now or not."""
        return reply_outcomes(self.path)

    def attempted(self) -> set[str]:
        """The keys of every request that was ever sent."""
        with closing(read_only(self.path)) as connection:
            return {row[0] for row in connection.execute("SELECT DISTINCT request_key FROM attempts")}

    def _mark_unknown(self) -> int:
        try:
            with self._connection:
                cursor = self._connection.execute("UPDATE attempts SET outcome = 'unknown' WHERE outcome IS NULL")
        except sqlite3.Error as error:
            raise _explain(error, self.path) from error
        return cursor.rowcount

    async def _commit(self, write: Write) -> Any:
        """Queues a write for the next commit and waits until it is on disk.

        Shielded: a caller that is cancelled stops waiting, but what it queued is written.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def done(value: Any, error: BaseException | None) -> None:
            loop.call_soon_threadsafe(_resolve, future, value, error)

        self._queue.put((write, done))
        return await asyncio.shield(future)

    def _write_all(self) -> None:
        broken: BaseException | None = None
        while (first := self._queue.get()) is not None:
            batch = [first]
            while len(batch) < COMMIT_ROWS and not self._queue.empty():
                item = self._queue.get()
                if item is None:
                    self._queue.put(None)
                    break
                batch.append(item)
            # After one failed commit nothing more is written: what the disk holds is no longer known to be ours.
            broken = broken or self._commit_batch(batch)
            if broken is not None:
                for _, done in batch:
                    done(None, broken)

    def _commit_batch(self, batch: list[tuple[Write, Callable[[Any, BaseException | None], None]]]) -> RunError | None:
        try:
            with self._connection:
                values = [write(self._connection) for write, _ in batch]
        except sqlite3.Error as error:
            return _explain(error, self.path)
        for (_, done), value in zip(batch, values, strict=True):
            done(value, None)
        return None


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """`replies.parquet` as a function of the journal alone; safe beside a writing process."""
    with closing(read_only(path)) as connection:
        for found in connection.execute(ROWS):
            sample_id, prompt_id, key, n, gold, group, request, reply, tries, first, last, scoring, scored_by = found
            row = {"sample_id": sample_id, "prompt_id": prompt_id, "request_key": key, "gold": gold, "group": group}
            row |= unpack(request) | decode_reply(reply, last) | {"scored_by": None}
            if scoring is not None and (tokens := decode_reply(scoring, None)["tokens"]):
                row |= {"tokens": tokens, "scored_by": scored_by}
            row["sampling"] = {**row["sampling"], "n": n}
            yield row | {"attempts": tries or 0, "created_at": None if first is None else int(first * 1_000_000)}


def attempts_of(path: Path, request_key: str) -> list[dict[str, Any]]:
    """The attempts made for one request, oldest first."""
    sql = "SELECT id, sent_at, ended_at, outcome, detail FROM attempts WHERE request_key = ? ORDER BY id"
    with closing(read_only(path)) as connection:
        names = ("id", "sent_at", "ended_at", "outcome", "detail")
        return [dict(zip(names, row, strict=True)) for row in connection.execute(sql, (request_key,))]


def reply_of(path: Path, request_key: str) -> dict[str, Any] | None:
    """The reply to one request as it was journaled, whatever its outcome, without its tokens."""
    with closing(read_only(path)) as connection:
        found = connection.execute("SELECT body FROM replies WHERE request_key = ?", (request_key,)).fetchone()
    if found is None:
        return None
    body: dict[str, Any] = unpack(found[0])
    return {key: value for key, value in body.items() if key != "tokens"}


def texts_without_tokens(path: Path) -> Iterator[tuple[str, str]]:
    """The whole replies that have no logprobs: each request's key and the reply's text."""
    sql = "SELECT r.request_key, r.body FROM replies r JOIN samples USING (request_key) ORDER BY samples.position"
    with closing(read_only(path)) as connection:
        for key, blob in connection.execute(sql):
            body = unpack(blob)
            if body["outcome"] == "ok" and body["text"] and not body["tokens"]:
                yield key, body["text"]


def reply_outcomes(path: Path) -> dict[str, str]:
    """How every reply ended, by request key, wanted now or not."""
    with closing(read_only(path)) as connection:
        return dict(connection.execute(OUTCOMES))


def progress_of(path: Path) -> dict[str, Any]:
    """How far generation is: samples wanted and answered, attempts by outcome (`in_flight` has none yet)."""
    with closing(read_only(path)) as connection:
        wanted = connection.execute("SELECT count(*) FROM samples").fetchone()[0]
        owed = len(connection.execute(OWED).fetchall())
        attempts = dict(connection.execute("SELECT coalesce(outcome, 'in_flight'), count(*) FROM attempts GROUP BY 1"))
    return {"samples": wanted, "answered": wanted - owed, "attempts": attempts}


def read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; it sees the last commit, also while another process writes."""
    return sqlite3.connect(f"file:{path.as_posix()}?mode=ro", uri=True, timeout=30)


def _open(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, check_same_thread=False, timeout=30)
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit returns after the log is on disk, so a reply that was used cannot be lost to a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {FORMAT_VERSION}; COMMIT;")
        elif version != FORMAT_VERSION:
            raise RunError(f"{path} has journal format {version}, this stillhouse reads {FORMAT_VERSION}: update it")
    except sqlite3.Error as error:
        raise _explain(error, path) from error
    return connection


def _explain(error: sqlite3.Error, path: Path) -> RunError:
    if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
        return DiskFull(f"{path}: the disk is full. Replies already journaled are safe: free space, run again")
    if error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return RunError(f"{path} is not a journal ({error}): restore it from a copy, or choose another --dir")
    return RunError(f"{path}: the journal cannot be written: {error}")


def _resolve(future: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)
