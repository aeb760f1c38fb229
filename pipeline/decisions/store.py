"""RUN/reviews.sqlite: every decision, in the order made. Rows are added and never changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from operator import attrgetter
from pathlib import Path

from pipeline.decisions.decision import KINDS, Decision
from pipeline.run.errors import RunError

VERSION = 1
"""SQLite's user_version of the file."""

COLUMNS = ("prompt_id", "sample_id", "reviewer", "kind", "text", "seen", "other_id", "note", "made_at")

_CREATE = f"""
CREATE TABLE IF NOT EXISTS decisions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    prompt_id TEXT NOT NULL, sample_id TEXT NOT NULL, reviewer TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ({", ".join(f"'{kind}'" for kind in KINDS)})),
    text TEXT, seen TEXT, other_id TEXT, note TEXT NOT NULL, made_at REAL NOT NULL
)
"""
values_of = attrgetter(*COLUMNS)
"""Returns a decision's values in the columns' order."""

_INSERT = f"INSERT INTO decisions ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM decisions ORDER BY number"  # noqa: S608 - constants alone


class Store:
    """The file, opened to write. Several processes may have it open; RunError where it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _errors(path):
            # Shared with the thread that a server's request runs on: never two at once.
            self._file = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = FULL")  # WAL's default may lose the last commits in a power cut
            _check(self._file, path)
            self._file.execute(_CREATE)
            self._file.execute(f"PRAGMA user_version = {VERSION}")

    def add(self, decisions: Iterable[Decision]) -> None:
        """Adds all or none; they are on disk when this returns."""
        rows = [values_of(decision) for decision in decisions]
        with _errors(self._path):
            self._file.execute("BEGIN IMMEDIATE")
            try:
                self._file.executemany(_INSERT, rows)
                self._file.execute("COMMIT")
            except BaseException:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")
                raise

    def read(self) -> list[Decision]:
        """Reads every decision, in the order made."""
        with _errors(self._path):
            return [Decision(*row) for row in self._file.execute(_SELECT)]

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def read_decisions(path: Path) -> list[Decision]:
    """Reads every decision of a run, in the order made; none where nobody has reviewed. RunError for a broken file."""
    if not path.exists():
        return []
    with _errors(path), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as file:
        _check(file, path)
        # A review that was killed at once leaves a file without its table.
        if not file.execute("SELECT 1 FROM sqlite_master WHERE name = 'decisions'").fetchone():
            return []
        return [Decision(*row) for row in file.execute(_SELECT)]


def _check(file: sqlite3.Connection, path: Path) -> None:
    [version] = file.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise RunError(f"{path} was written by a newer stillhouse: use that one")


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise RunError(f"{path} cannot be used ({error}); decisions that were saved are still in it") from error
