"""Rows of the export with what is packed in them unpacked: prompts, replies, tokens, and whom a sample was asked of."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from pipeline.journal.codec import HEAD, Tokens, decode_reply, unpack
from prompts.digest import digest

PACKED = ("p.digest", "r.key", "s.seat", "s.n", "p.prefix", "p.turn", "r.outcome", "b.body", "t.body", "c.scored_by")
"""The SQL of what `Unpacker.unpack` needs, in its order."""

PREFIXES_KEPT = 64
ENDPOINTS_KEPT = 1024
"""A sample's number `n` counts as part of its endpoint here: a run of many samples has many."""

NO_REPLY: dict[str, Any] = dict.fromkeys(HEAD)


@dataclass(slots=True, frozen=True, eq=False)
class Endpoint:
    """Whom samples were asked of and how, as structs of `records.TEACHER` and `records.SAMPLING`.

    It equals itself alone: many rows share one, and hashing it costs nothing.
    """

    teacher: dict[str, Any]
    sampling: dict[str, Any]


@dataclass(slots=True)
class Row:
    """One sample. Not frozen: making a frozen one takes three times as long, and there are millions."""

    prompt: bytes
    """Its digest."""
    key: bytes
    """The request's."""
    endpoint: Endpoint
    roles: Sequence[str]
    contents: Sequence[str]
    """The messages' roles and texts, in the order they were sent."""
    reply: dict[str, Any]
    """The fields of the reply that are no tokens, as `codec` names them; nulls where there is none."""
    text: str
    """Empty but for a whole answer."""
    tokens: Tokens | None
    scored_by: str | None
    """The teacher whose logprobs `tokens` holds, where it is not the one that answered."""
    selected: Sequence[Any]
    """The values of `columns.SELECTED`."""

    def count_alternatives(self) -> int:
        """Counts those of all tokens."""
        return 0 if self.tokens is None else len(self.tokens.refs)

    def count_characters(self) -> int:
        """Counts those of the messages and the answer."""
        return sum(map(len, self.contents)) + len(self.text)


class Words:
    """The journal's vocabulary as Arrow arrays."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        words = connection.execute("SELECT bytes, token FROM vocabulary ORDER BY id").fetchall()
        self._bytes = pa.array([data for data, _ in words], pa.binary())
        self._ids = pa.array([token for _, token in words], pa.int32())

    def columns(self, refs: npt.NDArray[np.uint32], logprobs: npt.NDArray[np.float32]) -> list[pa.Array]:
        """Returns the columns bytes, id and logprob of some tokens."""
        numbers = pa.array(refs)
        return [self._bytes.take(numbers), self._ids.take(numbers), pa.array(logprobs, pa.float32())]


class Unpacker:
    """Unpacks rows; what many of them refer to is read once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._prefix = lru_cache(PREFIXES_KEPT)(self._read_prefix)
        self._endpoint = lru_cache(ENDPOINTS_KEPT)(self._read_endpoint)

    def unpack(self, values: Sequence[Any]) -> Row:
        """Unpacks the values of `PACKED`, followed by those of `columns.SELECTED`."""
        prompt, key, endpoint, n, prefix, turn, outcome, body, scoring, scorer = values[: len(PACKED)]
        selected = values[len(PACKED) :]
        roles, contents = self._messages(prefix, turn)
        reply, tokens, scored_by = NO_REPLY, None, None
        if body is not None:
            reply, tokens = decode_reply(body)
        if scoring is not None:  # another teacher read this reply's logprobs
            _, scored = decode_reply(scoring)
            if scored is not None:
                tokens, scored_by = scored, scorer
        text = reply["text"] if outcome == "ok" else ""
        return Row(prompt, key, self._endpoint(endpoint, n), roles, contents, reply, text, tokens, scored_by, selected)

    def _messages(self, prefix: int | None, turn: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
        # Tuples: Python's collector stops looking at a tuple of strings, and a group holds thousands.
        role, content = orjson.loads(unpack(turn))
        if prefix is None:
            return (role,), (content,)
        roles, contents = self._prefix(prefix)
        return (*roles, role), (*contents, content)

    def _read_prefix(self, prefix: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        [blob] = self._connection.execute("SELECT body FROM prefixes WHERE id = ?", (prefix,)).fetchone()
        roles, contents = zip(*orjson.loads(unpack(blob)), strict=True)
        return roles, contents

    def _read_endpoint(self, endpoint: int, n: int) -> Endpoint:
        [text] = self._connection.execute("SELECT body FROM seats WHERE id = ?", (endpoint,)).fetchone()
        body = orjson.loads(text)
        schema = body["schema"]
        sampling = {**body["sampling"], "n": n, "schema_digest": None if schema is None else digest(schema)}
        return Endpoint(body["teacher"], sampling)
