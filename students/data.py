"""The corpus a student learns from, as rows of a Parquet file.

Only rows with `split = train` are read. The held-out rows score the student in the end, so they may not choose
its checkpoint either: the rows that do, the validation rows, are carved out of the train split, whole groups at
a time, so that no near-duplicate of a trained row is among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from prompts.digest import digest, digest_file
from prompts.errors import InputError
from prompts.messages import MessageDict

REQUIRED = ("prompt", "completion", "split")
KEYS = ("group", "prompt_id")
"""Columns that say which rows belong together; the first that is not null counts."""


@dataclass(slots=True, frozen=True)
class Row:
    """One conversation: what the student is asked, and what its teacher answered."""

    prompt: list[MessageDict]
    completion: list[MessageDict]
    key: str
    """The same for rows that must stay on one side of a split."""


@dataclass(slots=True, frozen=True)
class Corpus:
    """The train split in two: rows to learn from and rows to watch. Both are never empty."""

    train: tuple[Row, ...]
    validation: tuple[Row, ...]
    digest: str
    """Names the file's bytes."""


def read_corpus(path: Path, validation_fraction: float) -> Corpus:
    """Reads `prompt` and `completion` (both list<struct<role, content>>) of the rows with `split = train`.

    Raises InputError for a file that is missing, not Parquet, without these columns, with an empty message
    list, or with fewer than two groups in its train split.
    """
    table = _read_table(path)
    rows = [
        _row(path, number, values)
        for number, values in enumerate(table.to_pylist(), start=1)
        if values["split"] == "train"
    ]
    if not rows:
        raise InputError("no row has split = train", path=path, field="split", remedy="Loosen the recipe's curation")
    train, validation = split_by_key(rows, validation_fraction)
    if not train:
        problem = f"its {len(rows)} training row(s) are one group, and none would be left to watch"
        raise InputError(problem, path=path, remedy="Train on rows of at least two prompts")
    return Corpus(tuple(train), tuple(validation), digest_file(path))


def split_by_key(rows: list[Row], fraction: float) -> tuple[list[Row], list[Row]]:
    """Whole groups, in the order of their digests, go to validation until it holds `fraction` of the rows.

    The order of the rows and the process do not matter. One group at least goes to validation.
    """
    size: dict[str, int] = {}
    for row in rows:
        size[row.key] = size.get(row.key, 0) + 1
    watched: set[str] = set()
    held = 0
    for key in sorted(size, key=lambda key: digest(["validation", key])):
        if held and held + size[key] / 2 > fraction * len(rows):
            break
        watched.add(key)
        held += size[key]
    return [row for row in rows if row.key not in watched], [row for row in rows if row.key in watched]


def _read_table(path: Path) -> pa.Table:
    try:
        names = pq.read_schema(path).names
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            raise InputError("is missing", path=path, field=missing[0], remedy=f"The file has {', '.join(names)}")
        return pq.read_table(path, columns=[*REQUIRED, *(name for name in KEYS if name in names)])
    except FileNotFoundError:
        raise InputError("no such file", path=path, remedy="Curate first: it writes kept.parquet") from None
    except (pa.ArrowInvalid, IsADirectoryError) as error:
        raise InputError(f"is not Parquet: {error}", path=path, remedy="Curate again to write it anew") from error


def _row(path: Path, number: int, values: dict[str, Any]) -> Row:
    for field in ("prompt", "completion"):
        messages = values[field]
        if not messages or not all(_is_message(message) for message in messages):
            raise InputError("needs messages of role and content", path=path, line=number, field=field)
    key = next((values[name] for name in KEYS if values.get(name) is not None), None)
    return Row(values["prompt"], values["completion"], str(key or digest(values["prompt"])))


def _is_message(message: object) -> bool:
    return isinstance(message, dict) and all(isinstance(message.get(part), str) for part in ("role", "content"))
