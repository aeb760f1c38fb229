"""`replies.parquet` as a function of the journal alone, column by column: no token is ever a Python object.

    QUERY ──▶ unpack.Row ──▶ row groups of bounded size ──▶ columns.build_table

Its columns are `columns.COLUMNS`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.journal.columns import SELECTED, Group, build_table
from pipeline.journal.declare import SHOWN
from pipeline.journal.schema import reading
from pipeline.journal.unpack import PACKED, Row, Unpacker, Words

GROUP_ROWS = 2048
GROUP_ALTERNATIVES = 1 << 19
"""A row group ends at so many alternatives too: 2,048 replies of 500 tokens with 20 alternatives would take 0.35 GB."""
GROUP_CHARACTERS = 1 << 23
"""And at so many of text: a prompt may hold a book."""

QUERY = f"""
SELECT {", ".join((*PACKED, *SELECTED))}
FROM samples s JOIN requests r ON r.id = s.request JOIN prompts p ON p.id = s.prompt
LEFT JOIN replies b ON b.request = s.request
LEFT JOIN scorings c ON c.request = s.request LEFT JOIN replies t ON t.request = c.score
WHERE {SHOWN} ORDER BY s.position
"""


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Streams the rows of `replies.parquet`; safe beside a writing process."""
    for table in tables(path):
        yield from table.to_pylist()


def tables(path: Path) -> Iterator[pa.Table]:
    """Streams `replies.parquet` in row groups, in the order declared; safe beside a writing process."""
    with reading(path) as connection:
        connection.execute("BEGIN")  # one state of the journal, however long the reading takes
        words = Words(connection)  # in the same transaction: every token that a reply points at is there
        for group in _groups(_rows(connection)):
            yield build_table(Group(group, words))


def _rows(connection: sqlite3.Connection) -> Iterator[Row]:
    unpacker = Unpacker(connection)
    for values in connection.execute(QUERY):
        yield unpacker.unpack(values)


def _groups(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Splits rows where a group reaches one of its bounds."""
    group: list[Row] = []
    alternatives = characters = 0
    for row in rows:
        group.append(row)
        alternatives += row.count_alternatives()
        characters += row.count_characters()
        is_full = len(group) >= GROUP_ROWS or alternatives >= GROUP_ALTERNATIVES or characters >= GROUP_CHARACTERS
        if is_full:
            yield group
            group = []
            alternatives = characters = 0
    if group:
        yield group
