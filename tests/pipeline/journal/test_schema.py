"""Opening a journal: what is none, and what is of another format."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from pipeline.journal import schema as journals
from pipeline.journal.journal import Journal
from pipeline.journal.progress import progress_of
from pipeline.run.errors import RunError


def test_what_is_no_journal_is_said(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_text("not a database, but long enough to have a header" * 10)
    with pytest.raises(RunError, match="is not a journal"):
        Journal(path)
    with pytest.raises(RunError, match="is not a journal"):
        progress_of(path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {journals.FORMAT_VERSION + 1}")
    connection.close()
    with pytest.raises(RunError, match=f"journal format {journals.FORMAT_VERSION + 1}"):
        Journal(path)
