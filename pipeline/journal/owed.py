"""Chains that are still to be asked, read from the journal page by page in the order declared.

A page is read whole and its read ends before it is asked: a reader that stayed open for the length of a run would
keep SQLite from ever emptying its log.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson

from pipeline.journal.codec import unpack
from pipeline.journal.samples import FallbackChain, SampleRequest
from pipeline.journal.schema import ANSWERED
from prompts.messages import Conversation, Message
from teachers.base import Identity, Request, Sampling

PAGE = 512
# Prefixes are as many as a recipe has templates and routes, endpoints as many as it has teachers.
IDS_KEPT = 64

ASKABLE = f"""
(r.outcome IS NULL OR r.outcome NOT IN {ANSWERED})
AND NOT EXISTS (SELECT 1 FROM samples t WHERE t.request = s.request AND t.position < s.position)
AND (s.length = 1 OR NOT EXISTS (
    SELECT 1 FROM samples t JOIN requests q ON q.id = t.request
    WHERE t.position BETWEEN s.position - s.place AND s.position - s.place + s.length - 1
    AND q.outcome IN ('ok', 'truncated')
))
"""
"""Sample `s` with request `r` has no reply, is the first that asks this request (two prompts can render to one text),
and no other of its chain settled it: `samples.SETTLING`."""

PAGES = f"""
SELECT s.position - s.place, s.position, s.prompt, s.seat, s.lane, s.number, s.n,
       p.digest, p.prefix, p.turn, p.gold, p.grp
FROM samples s JOIN requests r ON r.id = s.request JOIN prompts p ON p.id = s.prompt
WHERE s.position >= ? AND (s.length > 1 OR s.lane = ?) AND {ASKABLE}
ORDER BY s.position LIMIT ?
"""
LANES = f"""
SELECT s.lane, count(*) FROM samples s JOIN requests r ON r.id = s.request
WHERE s.length = 1 AND {ASKABLE} GROUP BY s.lane
"""
CHAIN_LANES = f"""
SELECT lane, count(*) FROM (
    SELECT s.lane AS lane, min(s.place) FROM samples s JOIN requests r ON r.id = s.request
    WHERE s.length > 1 AND {ASKABLE} GROUP BY s.position - s.place
) GROUP BY lane
"""


def count_owed(connection: sqlite3.Connection) -> dict[int, int]:
    """Counts the chains that are owed, by the teacher that is asked first."""
    by_lane = Counter(dict(connection.execute(LANES)))
    by_lane.update(dict(connection.execute(CHAIN_LANES)))
    return dict(by_lane)


def read_owed(connection: sqlite3.Connection, lane: int) -> Iterator[FallbackChain]:
    """Streams the chains that one teacher is asked first, each less what has been answered."""
    speaker = Speaker(connection)
    start = 0
    while page := connection.execute(PAGES, (start, lane, PAGE)).fetchall():
        groups = [list(group) for _, group in groupby(page, key=itemgetter(0))]
        if len(page) == PAGE and len(groups) > 1:
            groups.pop()  # its chain may go on after the page
        start = groups[-1][-1][1] + 1
        for group in groups:
            chain = tuple(_sample_request(speaker, row) for row in group)
            # PAGES gives every chain of more than one: who is asked first depends on what was answered.
            if chain[0].endpoint == lane:
                yield chain


class Speaker:
    """Puts requests together again from what they were normalised into."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._prefix = lru_cache(IDS_KEPT)(self._read_prefix)
        self._endpoint = lru_cache(IDS_KEPT)(self._read_endpoint)

    def request(self, endpoint: int, prefix: int | None, turn: bytes, number: int) -> Request:
        """Returns the request as it was declared."""
        who, how, schema = self._endpoint(endpoint)
        return Request(who, self.messages(prefix, turn), how, schema, number)

    def messages(self, prefix: int | None, turn: bytes) -> Conversation:
        """Returns a prompt's conversation."""
        before = () if prefix is None else self._prefix(prefix)
        return (*before, Message(*orjson.loads(unpack(turn))))

    def _read_prefix(self, prefix: int) -> Conversation:
        [blob] = self._connection.execute("SELECT body FROM prefixes WHERE id = ?", (prefix,)).fetchone()
        return tuple(Message(role, content) for role, content in orjson.loads(unpack(blob)))

    def _read_endpoint(self, endpoint: int) -> tuple[Identity, Sampling, str | None]:
        [text] = self._connection.execute("SELECT body FROM seats WHERE id = ?", (endpoint,)).fetchone()
        body = orjson.loads(text)
        return Identity(**body["teacher"]), Sampling(**body["sampling"]), body["schema"]


def _sample_request(speaker: Speaker, row: Sequence[Any]) -> SampleRequest:
    _, _, _, endpoint, lane, number, n, digest, prefix, turn, gold, group = row
    request = speaker.request(endpoint, prefix, turn, number)
    return SampleRequest(digest.hex(), request, n, gold, group, lane)
