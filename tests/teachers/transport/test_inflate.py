"""Unpacking up to a limit, against zlib's own packing."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachers.transport.inflate import inflate


def raw(data: bytes) -> bytes:
    """Deflate without zlib's header, as some servers send it."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS = [gzip.compress, zlib.compress, raw, lambda data: gzip.compress(data[:3]) + gzip.compress(data[3:]) + b"\0\0"]


@given(st.sampled_from(PACKERS), st.binary(max_size=300))
def test_it_is_what_was_packed(pack: Callable[[bytes], bytes], data: bytes) -> None:
    assert inflate(pack(data), len(data)) == data
    if data:
        assert inflate(pack(data), len(data) - 1) is None


@pytest.mark.parametrize("pack", PACKERS)
def test_large_bodies_come_whole_and_too_large_ones_not_at_all(pack: Callable[[bytes], bytes]) -> None:
    data = bytes(range(256)) * (3 << 12)
    assert inflate(pack(data), len(data)) == data
    assert inflate(pack(data), len(data) - 1) is None


@pytest.mark.parametrize("pack", PACKERS[:3])
def test_what_ends_too_early_is_no_body(pack: Callable[[bytes], bytes]) -> None:
    whole = pack(b"some words that are not short")
    for cut in range(1, len(whole)):
        with pytest.raises(ValueError, match=r"ends too early|header|invalid|distance"):
            inflate(whole[:cut], 1000)


def test_what_is_not_packed_is_refused_and_nothing_is_nothing() -> None:
    with pytest.raises(ValueError, match="incorrect header"):
        inflate(b"plain text", 1000)
    assert inflate(b"", 0) == b""
