"""One row of a run's Parquet file, by the beginning of an id: the ids alone are read of all rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

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
    places = list(find_places(path, ("sample_id", "prompt_id"), begin))
    if not places:
        raise InputError(f"no sample or prompt id begins with '{begin}'", path=path)
    if len(places) > 1:
        ids = ", ".join(read_row(path, place, ["sample_id"])["sample_id"] for place in places[:SHOWN])
        remedy = f"Give more of it: {ids} ..."
        raise InputError(f"{len(places)} samples match '{begin}'", path=path, remedy=remedy)
    names = [name for name in pq.read_schema(path).names if name not in unread]
    return read_row(path, places[0], names)


def find_places(path: Path, columns: Sequence[str], begin: str) -> Iterator[Place]:
    """Yields where an id of these columns begins so, a row group in memory at a time."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=list(columns))
            # Not pc.equal: to make a scalar of the text pyarrow imports pandas. Whole ids are of one length.
            matches = [pc.starts_with(table[column].combine_chunks(), begin) for column in columns]
            for row in pc.indices_nonzero(reduce(pc.or_, matches)).to_pylist():
                yield Place(group, row)


def read_row(path: Path, place: Place, columns: Sequence[str]) -> dict[str, Any]:
    """Reads the columns of a row that the file has: an older run's lack the newest."""
    with pq.ParquetFile(path) as file:
        names = [name for name in file.schema_arrow.names if name in columns]
        [row] = file.read_row_group(place.group, columns=names).slice(place.row, 1).to_pylist()
    values: dict[str, Any] = row
    return values
