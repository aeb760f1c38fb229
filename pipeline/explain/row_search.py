"""One row of a run's Parquet file, by the beginning of an id: the ids alone are read of all rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.run.records import open_parquet
from prompts.errors import InputError

SHOWN = 5
"""Ids that an error names, where several rows match."""


@dataclass(slots=True, frozen=True)
class Place:
    """Where a row stands in a file."""

    group: int
    """The row group."""
    row: int
    """The row in it."""


def find_row(path: Path, begin: str, unread: Collection[str]) -> dict[str, Any]:
    """Reads the row whose sample or prompt id begins so, less the columns `unread`.

    InputError where there is not just one.
    """
    with open_parquet(path) as file:
        places = list(_places(file, ("sample_id", "prompt_id"), begin))
        if not places:
            raise InputError(f"no sample or prompt id begins with '{begin}'", path=path)
        if len(places) > 1:
            ids = ", ".join(_read(file, place, ["sample_id"])["sample_id"] for place in places[:SHOWN])
            remedy = f"Give more of it: {ids} ..."
            raise InputError(f"{len(places)} samples match '{begin}'", path=path, remedy=remedy)
        return _read(file, places[0], [name for name in file.schema_arrow.names if name not in unread])


def read_sample(path: Path, sample_id: str, columns: Collection[str]) -> dict[str, Any] | None:
    """Reads the columns of a sample's row, those that the file has: an older run's lacks the newest.

    None where there is no such file, or no such sample in it.
    """
    if not path.exists():
        return None
    with open_parquet(path) as file:
        names = [name for name in file.schema_arrow.names if name in columns]
        for place in _places(file, ("sample_id",), sample_id):
            return _read(file, place, names)
    return None


def _places(file: pq.ParquetFile, columns: Sequence[str], begin: str) -> Iterator[Place]:
    """Yields where an id of these columns begins so, a row group in memory at a time."""
    for group in range(file.num_row_groups):
        table = file.read_row_group(group, columns=list(columns))
        # Not pc.equal: to make a scalar of the text pyarrow imports pandas. Whole ids are of one length.
        matches = [pc.starts_with(table[column].combine_chunks(), begin) for column in columns]
        for row in pc.indices_nonzero(reduce(pc.or_, matches)).to_pylist():
            yield Place(group, row)


def _read(file: pq.ParquetFile, place: Place, columns: list[str]) -> dict[str, Any]:
    [row] = file.read_row_group(place.group, columns=columns).slice(place.row, 1).to_pylist()
    values: dict[str, Any] = row
    return values
