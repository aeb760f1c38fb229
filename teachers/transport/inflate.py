"""Unpacking a compressed body as far as it may reach: a few kilobytes of it can hold gigabytes."""

from __future__ import annotations

import zlib

ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})
"""The content codings that can be unpacked."""

_PIECE_BYTES = 2**20
_ANY_HEADER = 32 + zlib.MAX_WBITS
_NO_HEADER = -zlib.MAX_WBITS


def inflate(packed: bytes, most_bytes: int) -> bytes | None:
    """Unpacks gzip or deflate; None where it is more than `most_bytes`. ValueError where it is neither."""
    try:
        return _inflate(packed, most_bytes, _ANY_HEADER)
    except zlib.error as error:
        try:
            return _inflate(packed, most_bytes, _NO_HEADER)  # "deflate" of some servers, against RFC 9110
        except zlib.error:
            raise ValueError(str(error)) from error


def _inflate(packed: bytes, most_bytes: int, header: int) -> bytes | None:
    content, rest = bytearray(), packed
    while rest:
        # A new one for each member: an unpacker that has ended takes no more.
        unpacker = zlib.decompressobj(header)
        while rest and not unpacker.eof:
            # One byte more than may be: that is how too much is noticed.
            content += unpacker.decompress(rest, min(_PIECE_BYTES, most_bytes + 1 - len(content)))
            if len(content) > most_bytes:
                return None
            rest = unpacker.unconsumed_tail
        if not unpacker.eof:
            raise zlib.error("it ends too early")
        rest = unpacker.unused_data.lstrip(b"\0")  # gzip may have several members, and padding
    return bytes(content)
