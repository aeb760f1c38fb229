"""Parquet, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prompts.errors import InputError
from prompts.sources.draw import Drawn, draw_places
from prompts.sources.source import SourceFormat, SourceRow

BATCH_ROWS = 1024


def read(path: Path) -> Iterator[SourceRow]:
    """Streams the rows, each under its number."""
    number = 0
    for batch in _batches(path):
        for values in batch.to_pylist():
            number += 1
            yield SourceRow(number, values)


def draw_rows(path: Path, count: int, seed: int, limit: int | None) -> Drawn[SourceRow]:
    """Draws rows by their numbers; only those become Python objects, and no batch after the last of them is read."""
    places = draw_places(_count_rows(path), count, seed, limit)
    rows: list[SourceRow] = []
    wanted = list(reversed(places.items))  # popped from its end, the lowest first
    start = 0
    for batch in _batches(path):
        here = []
        while wanted and wanted[-1] < start + len(batch):
            here.append(wanted.pop() - start)
        if here:
            values = batch.take(here).to_pylist()
            rows += [SourceRow(start + place + 1, row) for place, row in zip(here, values, strict=True)]
        start += len(batch)
        if not wanted:
            break
    return Drawn(places.seen, tuple(rows))


def _count_rows(path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except pa.ArrowInvalid as error:
        raise _not_parquet(path, error) from error


def _batches(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=BATCH_ROWS)
    except pa.ArrowInvalid as error:
        raise _not_parquet(path, error) from error


def _not_parquet(path: Path, error: Exception) -> InputError:
    return InputError(f"is not Parquet: {error}", path=path, remedy="Write it with pyarrow or datasets")


FORMAT = SourceFormat("Parquet", read, suffixes=(".parquet",), draw=draw_rows, place=2)
