"""Content digests: the same value gives the same name, in every process and on every machine."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import orjson

SHARE_CHARS = 13  # 52 bits in hex: as many as a float in [1, 2) holds exactly
SHARE_SCALE = float(1 << 4 * SHARE_CHARS)
DIGEST_CHARS = 32  # 128 bits in hex: no collision to expect below 10^18 items


def digest(value: Any) -> str:
    """Returns the digest of a JSON value: keys sorted, no spaces, UTF-8."""
    # orjson writes floats in their shortest form and no spaces, on every platform alike.
    return digest_bytes(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def share_of(value: Any) -> float:
    """Returns a number in [0, 1) that a JSON value's digest decides, spread evenly over values."""
    return int(digest(value)[:SHARE_CHARS], 16) / SHARE_SCALE


def digest_bytes(data: bytes) -> str:
    """Returns the first 128 bits of SHA-256, in hex."""
    return hashlib.sha256(data).hexdigest()[:DIGEST_CHARS]


def digest_file(path: Path) -> str:
    """Returns the digest of a file's bytes, or of every file below a directory with its relative name."""
    if path.is_dir():
        # Sorted: a file system gives them in an order of its own.
        files = sorted(item for item in path.rglob("*") if item.is_file())
        return digest([[str(item.relative_to(path)), digest_file(item)] for item in files])
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGEST_CHARS]
