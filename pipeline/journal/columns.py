"""The columns of `replies.parquet`, a line each: its name, where it comes from, its Arrow type.

To add a column, add its line to `COLUMNS`. It comes from one of two places:

    SQL                what the journal keeps in a column of its own, over the tables of `export.QUERY`
    a function         what is packed into a prompt or a reply, of rows that are unpacked already;
                       `replied(NAME)` is a field of the reply, as `codec` names it

The query, `REPLIES`, and the schemas of kept.parquet and dropped.parquet follow from the list. A column that is there
to stay also raises `SCHEMA_VERSION` in pipeline/run/records.py: the stages of earlier runs then run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.journal.codec import Tokens
from pipeline.journal.unpack import Endpoint, Row, Words
from pipeline.run.records import MESSAGES, SAMPLING, TEACHER, TOKENS, USAGE
from prompts.digest import digest


@dataclass(slots=True, frozen=True)
class Group:
    """The rows of one row group, and the words that their tokens point at."""

    rows: Sequence[Row]
    words: Words


Source = Callable[[Group], Any]
"""Gives a column's values, one for each row of the group: a sequence, or an Arrow array."""


@dataclass(slots=True, frozen=True)
class Column:
    """One column of `replies.parquet`."""

    name: str
    source: str | Source
    """SQL, or a function."""
    arrow: pa.DataType


def sample_ids(group: Group) -> list[str]:
    """Returns the digests of the prompts and their requests."""
    return [digest([row.prompt.hex(), row.key.hex()]) for row in group.rows]


def conversations(group: Group) -> pa.Array:
    """Returns what was sent, built from flat columns: no message is a Python object of its own."""
    # From a dict a message Arrow takes forty times as long as from flat columns and where each list ends.
    roles: list[str] = []
    contents: list[str] = []
    ends = [0]
    for row in group.rows:
        roles += row.roles
        contents += row.contents
        ends.append(len(roles))
    columns = [pa.array(roles, pa.string()), pa.array(contents, pa.string())]
    return _lists(ends, pa.StructArray.from_arrays(columns, fields=list(MESSAGES.value_type)), MESSAGES)


def texts(group: Group) -> list[str]:
    """Returns the text of whole answers; the journal keeps the others' text, and `why` shows it."""
    return [row.text for row in group.rows]


def replied(name: str) -> Source:
    """Returns the source that reads one field of the replies; null where there is no reply."""

    def read(group: Group) -> list[Any]:
        return [row.reply[name] for row in group.rows]

    return read


def teachers(group: Group) -> pa.Array:
    """Returns who was asked."""
    endpoints, places = _distinct(group.rows)
    return pa.array([endpoint.teacher for endpoint in endpoints], TEACHER).take(places)


def samplings(group: Group) -> pa.Array:
    """Returns how they were asked."""
    endpoints, places = _distinct(group.rows)
    return pa.array([endpoint.sampling for endpoint in endpoints], SAMPLING).take(places)


def scorers(group: Group) -> list[str | None]:
    """Returns the teachers whose logprobs `tokens` holds, where they are not those who answered."""
    return [row.scored_by for row in group.rows]


def tokens(group: Group) -> pa.Array:
    """Returns the tokens with their alternatives, built from flat columns as `conversations` is."""
    replies = [row.tokens for row in group.rows]
    kept = [reply for reply in replies if reply is not None]
    if not kept:  # numpy joins no empty list of arrays
        return pa.array([[]] * len(replies), TOKENS)
    words, top_type = group.words, TOKENS.value_type.field("top").type
    top_columns = words.columns(_joined(kept, "refs"), _joined(kept, "logprobs"))
    top_items = pa.StructArray.from_arrays(top_columns, fields=list(top_type.value_type))
    top = _lists(_ends(_joined(kept, "widths")), top_items, top_type)
    columns = words.columns(_joined(kept, "own_refs"), _joined(kept, "own_logprobs"))
    items = pa.StructArray.from_arrays([*columns, top], fields=list(TOKENS.value_type))
    return _lists(_ends([_count(reply) for reply in replies]), items, TOKENS)


UTC = pa.timestamp("us", tz="UTC")
TRIES = "FROM attempts a WHERE a.request = s.request"

COLUMNS = (
    Column("sample_id", sample_ids, pa.string()),
    Column("prompt_id", "lower(hex(p.digest))", pa.string()),
    Column("request_key", "lower(hex(r.key))", pa.string()),
    Column("messages", conversations, MESSAGES),
    Column("reply", texts, pa.string()),
    Column("outcome", "coalesce(r.outcome, 'unknown')", pa.string()),
    Column("finish_reason", replied("finish_reason"), pa.string()),
    Column("teacher", teachers, TEACHER),
    Column("sampling", samplings, SAMPLING),
    Column("usage", replied("usage"), USAGE),
    Column("cost_usd", replied("cost_usd"), pa.float64()),
    Column("latency_s", replied("latency_s"), pa.float64()),
    Column("attempts", f"(SELECT count(*) {TRIES})", pa.int32()),
    Column("created_at", f"(SELECT cast(min(a.sent_at) * 1000000 AS INTEGER) {TRIES})", pa.timestamp("us", tz="UTC")),
    Column("gold", "p.gold", pa.string()),
    Column("group", "p.grp", pa.string()),
    Column("tokens", tokens, TOKENS),
    Column("scored_by", scorers, pa.string()),
)

REPLIES = pa.schema([(column.name, column.arrow) for column in COLUMNS])

SELECTED = tuple(column.source for column in COLUMNS if isinstance(column.source, str))
"""The SQL that `export.QUERY` asks for; a row's `selected` has its values in this order."""


def build_table(group: Group) -> pa.Table:
    """Returns the rows as a table of `REPLIES`."""
    selected = iter(zip(*(row.selected for row in group.rows), strict=True))
    arrays = []
    for column in COLUMNS:
        values = next(selected) if isinstance(column.source, str) else column.source(group)
        arrays.append(pa.array(values, column.arrow))
    return pa.table(arrays, schema=REPLIES)


def _distinct(rows: Sequence[Row]) -> tuple[list[Endpoint], pa.Array]:
    """Returns the endpoints of some rows, each once, and each row's place among them."""
    # Thousands of rows share a few endpoints: each becomes an Arrow struct once, and rows take it by its place.
    numbers: dict[Endpoint, int] = {}
    places = [numbers.setdefault(row.endpoint, len(numbers)) for row in rows]
    return list(numbers), pa.array(places)


def _joined(replies: Sequence[Tokens], name: str) -> npt.NDArray[Any]:
    """Returns one column of all the replies' tokens."""
    return np.concatenate([getattr(reply, name) for reply in replies])


def _count(reply: Tokens | None) -> int:
    """Counts a reply's tokens."""
    return 0 if reply is None else len(reply.widths)


def _ends(lengths: Sequence[int] | npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns where the first of some lists begins, and where each of them ends."""
    # int32 is what Arrow's lists count in; a row group's bounds keep it far below 2^31.
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int32)], dtype=np.int32)


def _lists(ends: Sequence[int] | npt.NDArray[Any], items: pa.Array, arrow: pa.ListType) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), items, type=arrow)
