"""`replies.parquet` as a function of the journal alone, column by column: no token is ever a Python object."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from pipeline.journal.codec import Tokens, decode_reply, unpack
from pipeline.journal.declare import SHOWN
from pipeline.journal.schema import read_only
from pipeline.run.records import MESSAGES, REPLIES, SAMPLING, TEACHER, TOKENS, USAGE
from prompts.digest import digest

GROUP_ROWS = 2048
GROUP_ALTERNATIVES = 1 << 19
"""A row group ends at so many alternatives too: 2,048 replies of 500 tokens with 20 alternatives would take 0.35 GB."""
GROUP_TEXT_BYTES = 1 << 23

ROWS = f"""
SELECT p.digest, r.key, s.seat, s.n, p.prefix, p.turn, p.gold, p.grp, r.outcome, b.body, t.body, c.scored_by,
       (SELECT count(*) FROM attempts a WHERE a.request = s.request),
       (SELECT min(sent_at) FROM attempts a WHERE a.request = s.request)
FROM samples s JOIN requests r ON r.id = s.request JOIN prompts p ON p.id = s.prompt
LEFT JOIN replies b ON b.request = s.request
LEFT JOIN scorings c ON c.request = s.request LEFT JOIN replies t ON t.request = c.score
WHERE {SHOWN} ORDER BY s.position
"""

NO_REPLY: dict[str, Any] = {"text": "", "finish_reason": None, "usage": None, "cost_usd": None, "latency_s": None}


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of `replies.parquet`; safe beside a writing process."""
    for table in tables(path):
        yield from table.to_pylist()


def tables(path: Path) -> Iterator[pa.Table]:
    """`replies.parquet` in row groups of bounded size, in the order declared; safe beside a writing process."""
    with closing(read_only(path)) as connection:
        connection.execute("BEGIN")  # one state of the journal, however long the reading takes
        group = _Group(_Shared(connection))
        for row in connection.execute(ROWS):
            group.add(row)
            if group.is_full:
                yield group.take()
        if group.keys:
            yield group.take()


class _Shared:
    """What many rows refer to: seats, prefixes, the vocabulary."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.prefix = lru_cache(64)(self._read_prefix)
        self.endpoint = lru_cache(1024)(self._read_endpoint)
        words = connection.execute("SELECT bytes, token FROM vocabulary ORDER BY id").fetchall()
        self._bytes = pa.array([data for data, _ in words], pa.binary())
        self._ids = pa.array([token for _, token in words], pa.int32())

    def words(self, refs: npt.NDArray[np.uint32], logprobs: npt.NDArray[np.float32]) -> list[pa.Array]:
        """The columns bytes, id and logprob of some tokens."""
        numbers = pa.array(refs)
        return [self._bytes.take(numbers), self._ids.take(numbers), pa.array(logprobs, pa.float32())]

    def _read_prefix(self, prefix: int) -> tuple[list[str], list[str]]:
        [blob] = self._connection.execute("SELECT body FROM prefixes WHERE id = ?", (prefix,)).fetchone()
        messages = orjson.loads(unpack(blob))
        return [role for role, _ in messages], [content for _, content in messages]

    def _read_endpoint(self, endpoint: int, n: int) -> tuple[dict[str, Any], dict[str, Any]]:
        [text] = self._connection.execute("SELECT body FROM seats WHERE id = ?", (endpoint,)).fetchone()
        body = orjson.loads(text)
        schema = body["schema"]
        sampling = {**body["sampling"], "n": n, "schema_digest": None if schema is None else digest(schema)}
        return body["teacher"], sampling


class _Group:
    """One row group being gathered."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared
        self._clear()

    @property
    def is_full(self) -> bool:
        """Whether it has reached one of its bounds."""
        return (
            len(self.keys) >= GROUP_ROWS
            or self._alternatives >= GROUP_ALTERNATIVES
            or self._text_bytes >= GROUP_TEXT_BYTES
        )

    def add(self, row: Sequence[Any]) -> None:
        """Takes one row of `ROWS`."""
        prompt, key, endpoint, n, prefix, turn, gold, group, outcome, body, scoring, scored_by, tries, first = row
        self.keys.append((prompt.hex(), key.hex()))
        self._endpoints.append(self._numbers.setdefault((endpoint, n), len(self._numbers)))
        self._add_messages(prefix, turn)
        self._known.append((gold, group, tries, None if first is None else int(first * 1_000_000)))
        self._add_reply(outcome or "unknown", body, scoring, scored_by)

    def _add_messages(self, prefix: int | None, turn: bytes) -> None:
        if prefix is not None:
            roles, contents = self._shared.prefix(prefix)
            self._roles += roles
            self._contents += contents
        role, content = orjson.loads(unpack(turn))
        self._roles.append(role)
        self._contents.append(content)
        self._message_ends.append(len(self._roles))
        self._text_bytes += sum(map(len, self._contents[self._message_ends[-2] :]))

    def _add_reply(self, outcome: str, body: bytes | None, scoring: bytes | None, scored_by: str | None) -> None:
        head, tokens, by = NO_REPLY, None, None
        if body is not None:
            head, tokens = decode_reply(body)
        if scoring is not None and (scored := decode_reply(scoring)[1]) is not None:
            tokens, by = scored, scored_by
        text = head["text"] if outcome == "ok" else ""  # the journal keeps the others' text, `why` shows it
        self._text_bytes += len(text)
        self._replies.append((text, outcome, head["finish_reason"], head["usage"], head["cost_usd"], head["latency_s"]))
        self._tokens.append(tokens)
        self._scored_by.append(by)
        self._alternatives += 0 if tokens is None else len(tokens.refs)

    def take(self) -> pa.Table:
        """The rows so far as a table of `records.REPLIES`; the group is empty afterwards."""
        prompts, keys = zip(*self.keys, strict=True)
        text, outcome, finish, usage, cost, latency = zip(*self._replies, strict=True)
        gold, group, tries, first = zip(*self._known, strict=True)
        teachers, samplings = zip(*(self._shared.endpoint(*pair) for pair in self._numbers), strict=True)
        endpoints = pa.array(self._endpoints)
        columns = {
            "sample_id": [digest(list(pair)) for pair in self.keys],
            "prompt_id": prompts,
            "request_key": keys,
            "messages": self._messages(),
            "reply": text,
            "outcome": outcome,
            "finish_reason": finish,
            "teacher": pa.array(teachers, TEACHER).take(endpoints),
            "sampling": pa.array(samplings, SAMPLING).take(endpoints),
            "usage": pa.array(usage, USAGE),
            "cost_usd": cost,
            "latency_s": latency,
            "attempts": tries,
            "created_at": first,
            "gold": gold,
            "group": group,
            "tokens": _token_lists(self._tokens, self._shared),
            "scored_by": self._scored_by,
        }
        self._clear()
        return pa.table([pa.array(columns[field.name], field.type) for field in REPLIES], schema=REPLIES)

    def _messages(self) -> pa.Array:
        fields = list(MESSAGES.value_type)
        texts = [pa.array(self._roles, pa.string()), pa.array(self._contents, pa.string())]
        return _lists(self._message_ends, pa.StructArray.from_arrays(texts, fields=fields), MESSAGES)

    def _clear(self) -> None:
        self.keys: list[tuple[str, str]] = []
        self._endpoints: list[int] = []
        self._numbers: dict[tuple[int, int], int] = {}
        self._roles: list[str] = []
        self._contents: list[str] = []
        self._message_ends = [0]
        self._known: list[tuple[str | None, str | None, int, int | None]] = []
        self._replies: list[tuple[Any, ...]] = []
        self._tokens: list[Tokens | None] = []
        self._scored_by: list[str | None] = []
        self._alternatives = self._text_bytes = 0


def _token_lists(replies: Sequence[Tokens | None], shared: _Shared) -> pa.Array:
    """The `tokens` column."""
    some = [tokens for tokens in replies if tokens is not None]
    if not some:
        return pa.array([[]] * len(replies), TOKENS)
    refs, logprobs, own_refs, own_logprobs, widths = (
        np.concatenate([getattr(tokens, name) for tokens in some])
        for name in ("refs", "logprobs", "own_refs", "own_logprobs", "widths")
    )
    field = TOKENS.value_type.field("top")
    items = pa.StructArray.from_arrays(shared.words(refs, logprobs), fields=list(field.type.value_type))
    top = _lists(np.concatenate([[0], np.cumsum(widths)]), items, field.type)
    tokens = pa.StructArray.from_arrays([*shared.words(own_refs, own_logprobs), top], fields=list(TOKENS.value_type))
    counts = [0 if reply is None else len(reply.widths) for reply in replies]
    return _lists(np.concatenate([[0], np.cumsum(counts)]), tokens, TOKENS)


def _lists(ends: Sequence[int] | npt.NDArray[Any], items: pa.Array, kind: pa.ListType) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), items, type=kind)
