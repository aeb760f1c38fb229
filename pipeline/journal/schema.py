"""The journal's tables, and how the file is opened.

    seats ─┐            prefixes ─ prompts ─┐
           └──────────── samples ───────────┴─ requests ─┬─ attempts
                                                          ├─ replies ─ vocabulary
                                                          └─ scorings

What the recipe declares (prompts, samples, scorings) is replaced by the next declaration. What was paid for (requests,
attempts, replies) is never removed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from pipeline.run.errors import DiskFull, RunError

FORMAT_VERSION = 4

DECLARED = """
CREATE TABLE {staged}prompts (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL, prefix INTEGER, turn BLOB NOT NULL, gold TEXT, grp TEXT
);
CREATE TABLE {staged}samples (
    position INTEGER PRIMARY KEY, prompt INTEGER NOT NULL, request {request} NOT NULL, seat INTEGER NOT NULL,
    lane INTEGER NOT NULL, number INTEGER NOT NULL, place INTEGER NOT NULL, length INTEGER NOT NULL, n INTEGER NOT NULL
);
"""
"""A prompt is its last turn, after a prefix that many share. A sample is a prompt at a seat: what is asked of whom
(`seat`), by which of the recipe's teachers (`lane`), the sample's number, and its place in a chain of `length`.
A staged sample's request is still its key."""

# `seat` and `seats` are endpoints. They keep the older word: with another one every journal that people have paid for
# would be of another format, which nobody reads.

TABLES = f"""
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE declared (fingerprint TEXT);
CREATE TABLE prefixes (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, body BLOB NOT NULL);
CREATE TABLE seats (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE);
{DECLARED.format(staged="", request="INTEGER")}
CREATE INDEX samples_by_request ON samples (request);
CREATE TABLE requests (id INTEGER PRIMARY KEY, key BLOB NOT NULL, outcome TEXT);
CREATE UNIQUE INDEX requests_by_key ON requests (key);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, request INTEGER NOT NULL, sent_at REAL NOT NULL, ended_at REAL, outcome TEXT, detail TEXT,
    worst_usd REAL, cost_usd REAL
);
CREATE INDEX attempts_by_request ON attempts (request);
CREATE INDEX attempts_in_flight ON attempts (id) WHERE outcome IS NULL;
CREATE TABLE replies (
    request INTEGER PRIMARY KEY, attempt INTEGER NOT NULL, tokens INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE batches (
    part TEXT PRIMARY KEY, teacher TEXT NOT NULL, job TEXT, is_open INTEGER NOT NULL, created_at REAL NOT NULL,
    first INTEGER NOT NULL, requests INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE vocabulary (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL, token INTEGER);
CREATE TABLE scorings (request INTEGER PRIMARY KEY, score INTEGER NOT NULL, scored_by TEXT NOT NULL);
"""

# attempts_in_flight has the attempts without an outcome alone: at most a few hundred entries, however many there were.

ANSWERED = "('ok', 'refused', 'truncated', 'filtered')"
"""`requests.outcome` of a request that has a reply. Else it is how its last attempt failed; NULL before one ended."""


def read_only(path: Path) -> sqlite3.Connection:
    """Opens a connection that cannot write; it sees the last commit, also while another process writes."""
    return sqlite3.connect(f"file:{path.as_posix()}?mode=ro", uri=True, timeout=30)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Opens a journal to be read, within; RunError where it is none, or is damaged."""
    try:
        # SQLite reads the file with the first statement, not as it connects.
        with closing(read_only(path)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise explain(error, path, "read") from error


def open_journal(path: Path) -> sqlite3.Connection:
    """Opens or creates a journal for its one writer; RunError where the file is none, or of another format."""
    try:
        # No implicit transactions: the writer begins and commits its own.
        connection = sqlite3.connect(path, check_same_thread=False, timeout=30, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit returns after the log is on disk, so a reply that was used cannot be lost to a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {FORMAT_VERSION}; COMMIT;")
        elif version != FORMAT_VERSION:
            raise RunError(
                f"{path} has journal format {version}, this stillhouse reads {FORMAT_VERSION}: use the stillhouse that "
                "wrote it, or choose another --dir"
            )
    except sqlite3.Error as error:
        raise explain(error, path) from error
    return connection


def explain(error: sqlite3.Error, path: Path, tried: Literal["read", "written"] = "written") -> RunError:
    """Says what a user can do about an error of the database."""
    # An error that Python's own module raised, such as use after close, has no code.
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(f"{path}: the disk is full. Replies already journaled are safe: free space, run again")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return RunError(f"{path} is not a journal ({error}): restore it from a copy, or choose another --dir")
    return RunError(f"{path}: the journal cannot be {tried}: {error}")
