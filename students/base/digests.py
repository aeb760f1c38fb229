"""Digests of large files, worked out once: one that has not been touched since is not read again."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from prompts.digest import digest, digest_file
from students.files import publish_file

MEMORY = "digests.json"
"""In the folder of the caches: {file: [stamp, digest]}."""
LARGE_BYTES = 16 * 2**20
"""Smaller files are read each time: that takes a hundredth of a second."""
CARD = "README.md"
"""Written about a model whenever something is measured of it, and no part of it."""
SETTLED_NS = 2 * 10**9
"""A file touched less than this ago may be touched again before the file system's clock ticks: it is not remembered."""


def remembered_digest(path: Path, cache: Path) -> str:
    """`prompts.digest.digest_file` of a file or a directory, by what CACHE/digests.json knows of its files.

    A file is taken as unchanged while its size, inode and times of modification and change are; the last no program can
    set, so that one written in place with its old time restored is read again too.
    """
    if path.is_dir():
        return _of_folder(path, cache)
    return _of_file(path, cache)


def model_files_digest(path: Path, cache: Path) -> str:
    """Tells a model from any other: by the digest of its file, or of its folder without the card."""
    if not path.is_dir():
        return _of_file(path, cache)
    return _of_folder(path, cache, besides=CARD)


def _of_folder(path: Path, cache: Path, besides: str | None = None) -> str:
    files = sorted(item for item in path.rglob("*") if item.is_file() and item.name != besides)
    return digest([[str(item.relative_to(path)), _of_file(item, cache)] for item in files])


def _of_file(path: Path, cache: Path) -> str:
    stat = path.stat()
    if stat.st_size < LARGE_BYTES:
        return digest_file(path)
    name, stamp = str(path.resolve()), [stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns]
    known = _read(cache).get(name)
    if known and known[0] == stamp:
        return str(known[1])
    value = digest_file(path)
    if time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) > SETTLED_NS:
        text = json.dumps(_read(cache) | {name: [stamp, value]}, indent=1)
        publish_file(cache / MEMORY, lambda file: _write(file, text))
    return value


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def _read(cache: Path) -> dict[str, Any]:
    """Reads what is remembered; nothing where the file is missing or torn, for it can be made again."""
    try:
        known = json.loads((cache / MEMORY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(known, dict):
        return {}
    return known
