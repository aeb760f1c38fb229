"""Replies and conversations as the journal stores them: small JSON heads, binary token columns, zstd.

A reply is one zstd frame over

    varint  length of the head, then the head: a JSON list in the order of `HEAD`
    u16     per token: how many alternatives it has
    u16     per token: which of its alternatives was sampled, or NOT_AMONG
    u32     per alternative, then per sampled token that is not among its alternatives: the number of its bytes and
            id in the journal's vocabulary
    f32     the same, of its logprob

Numbers are little endian, and a column is laid out byte plane by byte plane: the planes of exponents and high bytes
hardly vary and compress to almost nothing. float32 is what `records.TOKENS` exports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from pipeline.journal.vocabulary import Vocabulary
from teachers.base import Reply, TokenLogprob, Usage

LEVEL = 1
"""On 500-token replies with 20 alternatives level 3 saved under 1 % of the bytes for half more time."""

NOT_AMONG = 0xFFFF  # no provider gives 65,535 alternatives
USAGE = tuple(field.name for field in fields(Usage))
_COUNTS: Callable[[Usage], tuple[int | None, ...]] = attrgetter(*USAGE)  # dataclasses.astuple copies deeply: 5 us
HEAD = ("text", "outcome", "finish_reason", "usage", "cost_usd", "latency_s", "request_id", "warnings", "tokens")
_SIZE_BYTES = 4
_ZSTD = pa.Codec("zstd", LEVEL)  # pyarrow is there already; another package for zstd would be one more

Ints = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float32]


@dataclass(slots=True, frozen=True)
class Tokens:
    """The tokens of one reply as columns; `refs` and `logprobs` go by alternative, all tokens' in a row."""

    widths: npt.NDArray[np.uint16]
    """Alternatives per token."""
    refs: Ints
    """Each alternative's number in the vocabulary."""
    logprobs: Floats
    own_refs: Ints
    """Each sampled token's number."""
    own_logprobs: Floats


def pack(data: bytes) -> bytes:
    """Returns the length in four bytes, then one zstd frame."""
    packed: bytes = _ZSTD.compress(data, asbytes=True)
    return len(data).to_bytes(_SIZE_BYTES, "little") + packed


def unpack(blob: bytes) -> bytes:
    """Returns what was packed by `pack`."""
    size = int.from_bytes(blob[:_SIZE_BYTES], "little")
    data: bytes = _ZSTD.decompress(memoryview(blob)[_SIZE_BYTES:], size, asbytes=True)
    return data


def encode_reply(reply: Reply, vocabulary: Vocabulary) -> bytes:
    """Packs everything a reply holds; tokens the vocabulary lacks are added to it."""
    values: list[Any] = [reply.text, reply.outcome, reply.finish_reason, _COUNTS(reply.usage), reply.cost_usd]
    values += [reply.latency_s, reply.request_id, reply.warnings, len(reply.tokens)]
    head = orjson.dumps(values)
    return pack(b"".join([len(head).to_bytes(_SIZE_BYTES, "little"), head, *_columns(reply.tokens, vocabulary)]))


def decode_head(blob: bytes) -> dict[str, Any]:
    """Unpacks a reply without its tokens; `tokens` is how many it has."""
    return _split(unpack(blob))[0]


def decode_reply(blob: bytes) -> tuple[dict[str, Any], Tokens | None]:
    """Unpacks a reply, and its tokens as columns; None where it has none."""
    head, rest = _split(unpack(blob))
    if not head["tokens"]:
        return head, None
    return head, _tokens(rest, head["tokens"])


def _split(data: bytes) -> tuple[dict[str, Any], memoryview]:
    end = _SIZE_BYTES + int.from_bytes(data[:_SIZE_BYTES], "little")
    head: dict[str, Any] = dict(zip(HEAD, orjson.loads(data[_SIZE_BYTES:end]), strict=True))
    head["usage"] = dict(zip(USAGE, head["usage"], strict=True))
    return head, memoryview(data)[end:]


def _columns(tokens: Sequence[TokenLogprob], vocabulary: Vocabulary) -> list[bytes]:
    """Returns the columns in their order. A sampled token that is among its own alternatives is only pointed at."""
    if not tokens:
        return []
    # Comprehensions, not loops: a reply of 500 tokens with 20 alternatives has 10,000 items.
    refs = [vocabulary[item.bytes, item.id] for token in tokens for item in token.top]
    logprobs = [item.logprob for token in tokens for item in token.top]
    widths = [len(token.top) for token in tokens]
    places = []
    start = 0
    for token, width in zip(tokens, widths, strict=True):
        own = vocabulary[token.bytes, token.id]
        try:
            place = refs.index(own, start, start + width)
        except ValueError:
            place = -1
        if place < 0 or logprobs[place] != token.logprob:
            places.append(NOT_AMONG)
            refs.append(own)
            logprobs.append(token.logprob)
        else:
            places.append(place - start)
        start += width
    return [_planes(widths, "<u2"), _planes(places, "<u2"), _planes(refs, "<u4"), _planes(logprobs, "<f4")]


def _tokens(data: memoryview, count: int) -> Tokens:
    widths, places = _column(data, 0, count, "<u2"), _column(data, 2 * count, count, "<u2")
    ends = np.cumsum(widths, dtype=np.int64)
    total, strays = int(ends[-1]), places == NOT_AMONG
    entries = total + int(strays.sum())
    refs = _column(data, 4 * count, entries, "<u4")
    logprobs = _column(data, 4 * count + 4 * entries, entries, "<f4")
    # Where each token's alternatives begin, plus its place among them; strays follow after all alternatives.
    own = ends - widths + places
    own[strays] = np.arange(total, entries)
    return Tokens(widths, refs[:total], logprobs[:total], refs[own], logprobs[own])


def _planes(values: Sequence[float], kind: str) -> bytes:
    # All first bytes, then all second ones: zstd finds runs in a plane that it cannot find across whole numbers.
    array = np.array(values, dtype=kind)
    return array.view(np.uint8).reshape(len(array), array.itemsize).T.tobytes()


def _column(data: memoryview, start: int, count: int, kind: str) -> npt.NDArray[Any]:
    width = np.dtype(kind).itemsize
    planes = np.frombuffer(data, np.uint8, count * width, start).reshape(width, count)
    return np.ascontiguousarray(planes.T).view(kind).reshape(count)
