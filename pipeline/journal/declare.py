"""Declaring what a run wants: streamed into staging tables, then swapped in with one transaction.

A kill before the swap leaves the old declaration true; staging tables are emptied by the next declaration.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson

from pipeline.journal.codec import pack
from pipeline.journal.samples import FallbackChain, SampleRequest
from pipeline.journal.schema import ANSWERED, DECLARED
from prompts.digest import digest_bytes
from prompts.messages import Conversation
from teachers.base import Identity, Sampling

CHUNK = 2000
"""Chains to a commit: at one kB a prompt, two MB of log."""

IDS_KEPT = 64

PROMPT = "INSERT INTO staged_prompts VALUES (?, ?, ?, ?, ?, ?)"
SAMPLE = "INSERT INTO staged_samples VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"

TWINS = """
CREATE TEMP TABLE twins AS SELECT id FROM (
    SELECT id, row_number() OVER (PARTITION BY digest ORDER BY id) AS copy FROM staged_prompts
) WHERE copy > 1
"""
SWAP = (
    "DELETE FROM staged_samples WHERE prompt IN (SELECT id FROM twins)",
    "DELETE FROM staged_prompts WHERE id IN (SELECT id FROM twins)",
    "DROP TABLE twins",
    # A million random keys put into an index one by one touch a million pages; sorted, each page is written once.
    # Requests are numbered in the order they will be sent, so that their rows and replies are written side by side.
    """CREATE TEMP TABLE fresh AS SELECT request AS key, min(position) AS position FROM staged_samples AS s
       WHERE NOT EXISTS (SELECT 1 FROM requests WHERE key = s.request) GROUP BY s.request""",
    "DROP INDEX requests_by_key",
    "INSERT INTO requests (key) SELECT key FROM fresh ORDER BY position",
    "CREATE UNIQUE INDEX requests_by_key ON requests (key)",
    "DROP TABLE fresh",
    "DROP INDEX samples_by_request",
    "DELETE FROM samples",
    """INSERT INTO samples SELECT position, prompt, r.id, seat, lane, number, place, length, n
       FROM staged_samples AS s CROSS JOIN requests AS r ON r.key = s.request ORDER BY position""",
    "CREATE INDEX samples_by_request ON samples (request)",
    "DROP TABLE staged_samples",
    "DROP TABLE prompts",
    "ALTER TABLE staged_prompts RENAME TO prompts",
    "DELETE FROM declared",
)
SHOWN = "(s.place = 0 OR EXISTS (SELECT 1 FROM attempts a WHERE a.request = s.request))"
"""Which samples `s` are rows: the first of each chain, and a later one once it was asked."""

COUNTS = f"""
SELECT count(*), coalesce(sum(r.outcome IN {ANSWERED}), 0)
FROM samples s JOIN requests r ON r.id = s.request WHERE {SHOWN}
"""


class Stager:
    """Turns chains into rows, chunk by chunk: a prompt's last turn once, and what comes before it once for all."""

    def __init__(self) -> None:
        self._position = self._prompt = -1
        self._prompt_id: str | None = None
        self._heads: set[str] = set()
        self._prefix_id = lru_cache(IDS_KEPT)(_prefix_id)
        self._endpoint_id = lru_cache(IDS_KEPT)(_endpoint_id)

    def begin(self, connection: sqlite3.Connection, _: Counter[str]) -> None:
        """Empties what an unfinished declaration left."""
        # Not emptied but made anew: the schema may be newer than the one that left them.
        for name in ("prompts", "samples"):
            connection.execute(f"DROP TABLE IF EXISTS staged_{name}")
        for statement in DECLARED.format(staged="staged_", request="BLOB").split(";"):
            connection.execute(statement)

    def add(self, connection: sqlite3.Connection, chains: Iterable[FallbackChain]) -> None:
        """Writes some chains; their order is the samples' order."""
        prompts: list[tuple[Any, ...]] = []
        samples: list[tuple[Any, ...]] = []
        for chain in chains:
            head = chain[0]
            if head.prompt_id != self._prompt_id:
                self._prompt_id, self._heads = head.prompt_id, set()
                self._prompt += 1
                prompts.append((self._prompt, *self._prompt_row(connection, head)))
            if head.request.key in self._heads:
                continue  # the same prompt, twice in a row
            self._heads.add(head.request.key)
            for place, item in enumerate(chain):
                self._position += 1
                samples.append((self._position, self._prompt, *self._sample_row(connection, item, place, len(chain))))
        connection.executemany(PROMPT, prompts)
        connection.executemany(SAMPLE, samples)

    def _prompt_row(self, connection: sqlite3.Connection, item: SampleRequest) -> tuple[Any, ...]:
        *before, last = item.request.messages
        prefix = self._prefix_id(connection, tuple(before)) if before else None
        turn = pack(orjson.dumps([last.role, last.content]))
        return bytes.fromhex(item.prompt_id), prefix, turn, item.gold, item.group

    def _sample_row(
        self, connection: sqlite3.Connection, item: SampleRequest, place: int, length: int
    ) -> tuple[Any, ...]:
        request = item.request
        endpoint = self._endpoint_id(connection, request.identity, request.sampling, request.schema)
        return bytes.fromhex(request.key), endpoint, item.endpoint, request.sample_index, place, length, item.samples


def swap(connection: sqlite3.Connection, counts: Counter[str], fingerprint: str | None, rows: int) -> None:
    """Makes what is staged the declaration. A prompt that comes again is the same prompt: the first one stays."""
    connection.execute(TWINS)
    # All in the writer's transaction: a reader sees the old declaration or the new one.
    for statement in SWAP:
        connection.execute(statement)
    connection.execute("INSERT INTO declared VALUES (?)", (fingerprint,))
    [prompts] = connection.execute("SELECT count(*) FROM prompts").fetchone()
    [chains] = connection.execute("SELECT count(*) FROM samples WHERE place = 0").fetchone()
    samples, answered = connection.execute(COUNTS).fetchone()
    now = {"rows": rows, "prompts": prompts, "chains": chains, "samples": samples, "answered": answered}
    before = dict(connection.execute("SELECT name, value FROM counters"))
    for name, value in now.items():
        counts[name] = value - before.get(name, 0)  # counters are added to, in this commit


def chunked(chains: Iterable[FallbackChain]) -> Iterator[list[FallbackChain]]:
    """Splits the chains into chunks."""
    feed = iter(chains)
    while chunk := list(islice(feed, CHUNK)):
        yield chunk


def _prefix_id(connection: sqlite3.Connection, before: Conversation) -> int:
    data = orjson.dumps([[message.role, message.content] for message in before])
    return _intern(connection, "prefixes", "digest", bytes.fromhex(digest_bytes(data)), pack(data))


def _endpoint_id(connection: sqlite3.Connection, who: Identity, how: Sampling, schema: str | None) -> int:
    """Interns all of a request but its messages and its sample's number; returns the id."""
    body = orjson.dumps({"teacher": asdict(who), "sampling": asdict(how), "schema": schema})
    return _intern(connection, "seats", "body", body.decode())


def _intern(connection: sqlite3.Connection, table: str, key: str, *values: Any) -> int:
    """Returns the id of the row that has this key; it is written where there is none."""
    row = connection.execute(f"SELECT id FROM {table} WHERE {key} = ?", values[:1]).fetchone()
    if row is not None:
        return int(row[0])
    marks = ", ".join("?" * len(values))
    return int(connection.execute(f"INSERT INTO {table} VALUES (NULL, {marks})", values).lastrowid or 0)
