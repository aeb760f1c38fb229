"""Answers that a journal gives, also beside the process that writes it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from pipeline.journal.codec import decode_head
from pipeline.journal.owed import PAGE, Speaker
from pipeline.journal.schema import ANSWERED, reading
from prompts.messages import Conversation

KEYS = 500
"""Keys to a query: SQLite before 3.32 takes 999 variables."""
TRIES = 8
"""Requests that are looked at for each reply that is wanted: some have none, and not all are declared."""

AGAIN = f"""
SELECT count(*) FROM samples s JOIN requests r ON r.id = s.request
WHERE s.length = 1 AND (r.outcome IS NULL OR r.outcome NOT IN {ANSWERED} AND r.outcome <> 'invalid')
"""
CHAINS_AGAIN = f"""
SELECT count(*) FROM (
    SELECT 1 FROM samples s JOIN requests r ON r.id = s.request WHERE s.length > 1 GROUP BY s.position - s.place
    HAVING NOT max(coalesce(r.outcome IN ('ok', 'truncated'), 0))
    AND max(coalesce(r.outcome NOT IN {ANSWERED} AND r.outcome <> 'invalid', 1))
)
"""
UNSCORED = """
SELECT s.position, r.key, p.prefix, p.turn, b.body
FROM samples s JOIN requests r ON r.id = s.request JOIN replies b ON b.request = s.request
JOIN prompts p ON p.id = s.prompt
WHERE s.position > ? AND r.outcome = 'ok' AND b.tokens = 0
AND NOT EXISTS (SELECT 1 FROM samples t WHERE t.request = s.request AND t.position < s.position)
ORDER BY s.position LIMIT ?
"""
OWED_SCORES = f"""
SELECT count(*) FROM scorings c JOIN requests r ON r.id = c.score
WHERE r.outcome IS NULL OR r.outcome NOT IN {ANSWERED}
"""

REPLIES = """
SELECT e.body, p.prefix, p.turn, length(b.body), b.body
FROM replies b JOIN samples s ON s.request = b.request JOIN prompts p ON p.id = s.prompt JOIN seats e ON e.id = s.seat
WHERE b.request IN ({marks}) GROUP BY b.request
"""


@dataclass(slots=True, frozen=True)
class Spoken:
    """A declared sample's reply, without its tokens, and what it replied to."""

    endpoint: dict[str, Any]
    """The endpoint that was asked, and how: `teacher`, `sampling`, `schema`."""
    messages: Conversation
    usage: dict[str, int | None]
    latency_s: float | None
    stored_bytes: int
    """Of the reply, in the journal."""


@dataclass(slots=True, frozen=True)
class Unscored:
    """A whole reply that has no logprobs, and what it replied to."""

    request_key: str
    messages: Conversation
    text: str


def attempts_of(path: Path, request_key: str) -> list[dict[str, Any]]:
    """Reads the attempts made for one request, oldest first."""
    names = ("id", "sent_at", "ended_at", "outcome", "detail")
    sql = f"""SELECT {", ".join(f"a.{name}" for name in names)}
              FROM requests r JOIN attempts a ON a.request = r.id WHERE r.key = ? ORDER BY a.id"""
    with reading(path) as connection:
        return [dict(zip(names, row, strict=True)) for row in connection.execute(sql, (bytes.fromhex(request_key),))]


def reply_of(path: Path, request_key: str) -> dict[str, Any] | None:
    """Reads the reply to one request as it was journaled, whatever its outcome, without its tokens."""
    sql = "SELECT b.body FROM requests r JOIN replies b ON b.request = r.id WHERE r.key = ?"
    with reading(path) as connection:
        row = connection.execute(sql, (bytes.fromhex(request_key),)).fetchone()
    if row is None:
        return None
    head = decode_head(row[0])
    del head["tokens"]
    return head


def texts_of(path: Path, request_keys: Iterable[str]) -> dict[str, str]:
    """Reads the texts of those of the requests that were answered whole, by request key."""
    feed = iter(request_keys)
    texts: dict[str, str] = {}
    with reading(path) as connection:
        while some := [bytes.fromhex(key) for key in islice(feed, KEYS)]:
            sql = f"""SELECT r.key, b.body FROM requests r JOIN replies b ON b.request = r.id
                      WHERE r.outcome = 'ok' AND r.key IN ({", ".join("?" * len(some))})"""
            texts |= {key.hex(): str(decode_head(body)["text"]) for key, body in connection.execute(sql, some)}
    return texts


def read_answered(connection: sqlite3.Connection, keys: Iterable[str]) -> set[str]:
    """Returns those of the requests that have a reply."""
    feed, answered = iter(keys), set()
    while some := [bytes.fromhex(key) for key in islice(feed, KEYS)]:
        marks = ", ".join("?" * len(some))
        sql = f"SELECT key FROM requests WHERE key IN ({marks}) AND outcome IN {ANSWERED}"
        answered |= {row[0].hex() for row in connection.execute(sql, some)}
    return answered


def read_outcomes(connection: sqlite3.Connection, keys: Sequence[str]) -> dict[str, str]:
    """Reads how those of the requests ended that have a reply."""
    outcomes: dict[str, str] = {}
    for start in range(0, len(keys), KEYS):
        some = [bytes.fromhex(key) for key in keys[start : start + KEYS]]
        marks = ", ".join("?" * len(some))
        sql = f"SELECT key, outcome FROM requests WHERE key IN ({marks}) AND outcome IN {ANSWERED}"
        outcomes |= {key.hex(): outcome for key, outcome in connection.execute(sql, some)}
    return outcomes


def read_spoken(connection: sqlite3.Connection, count: int, seed: int) -> list[Spoken]:
    """Draws about `count` replies of declared samples, drawn at random; all where there are fewer."""
    # Each end alone is one step in the tree; asked for together, SQLite reads the table.
    ends = "SELECT (SELECT min(request) FROM replies), (SELECT max(request) FROM replies)"
    first, last = connection.execute(ends).fetchone()
    if first is None:
        return []
    # Requests are numbered as they were sent, so nearly every number up to the last one has a reply.
    span = range(first, last + 1)
    drawn = random.Random(seed).sample(span, min(len(span), TRIES * count))
    speaker = Speaker(connection)
    replies: list[Spoken] = []
    for start in range(0, len(drawn), KEYS):
        some = drawn[start : start + KEYS]
        sql = REPLIES.format(marks=", ".join("?" * len(some)))
        for body, prefix, turn, size, reply in connection.execute(sql, some).fetchall():
            head = decode_head(reply)
            messages = speaker.messages(prefix, turn)
            replies.append(Spoken(orjson.loads(body), messages, head["usage"], head["latency_s"], size))
        if len(replies) >= count:
            break
    return replies


def read_unscored(connection: sqlite3.Connection) -> Iterator[Unscored]:
    """Streams the declared samples' whole replies that have no logprobs, a page at a time."""
    speaker, position = Speaker(connection), -1
    while page := connection.execute(UNSCORED, (position, PAGE)).fetchall():
        position = page[-1][0]
        for _, key, prefix, turn, body in page:
            text = decode_head(body)["text"]
            if text:  # an empty answer has no token whose logprob could be read
                yield Unscored(key.hex(), speaker.messages(prefix, turn), text)


def counts_of(connection: sqlite3.Connection) -> dict[str, int]:
    """Reads the declaration's counts; 0 where nothing was ever declared."""
    counters = dict(connection.execute("SELECT name, value FROM counters"))
    return {name: counters.get(name, 0) for name in ("rows", "prompts", "chains", "samples", "answered")}


def count_to_ask_again(connection: sqlite3.Connection) -> int:
    """Counts the chains that another run could answer.

    Nothing settled such a chain, and a sample of it failed for a reason that may pass.
    """
    return sum(int(connection.execute(sql).fetchone()[0]) for sql in (AGAIN, CHAINS_AGAIN))


def count_owed_scores(connection: sqlite3.Connection) -> int:
    """Counts the declared scorings that have no reply."""
    return int(connection.execute(OWED_SCORES).fetchone()[0])
