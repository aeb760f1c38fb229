"""A file of a run, as whatever the reader works with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset


@dataclass(slots=True, frozen=True)
class Rows:
    """The rows of one Parquet file of a run, in its order. Nothing is read before it is asked for.

    `for row in rows` streams records, a row group in memory at a time.
    """

    path: Path

    @property
    def columns(self) -> tuple[str, ...]:
        """Returns the names of the columns, in the file's order."""
        from pipeline.run.records import open_parquet

        with open_parquet(self.path) as file:
            return tuple(file.schema_arrow.names)

    def __len__(self) -> int:
        from pipeline.run.records import open_parquet

        with open_parquet(self.path) as file:
            return int(file.metadata.num_rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        from pipeline.run.records import read_rows

        return read_rows(self.path)

    def to_table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Reads the rows into memory as a pyarrow table; all columns, or those named."""
        from pipeline.run.records import open_parquet

        with open_parquet(self.path) as file:
            return file.read(columns=None if columns is None else list(columns))

    def to_dataset(self, columns: Sequence[str] | None = None) -> Dataset:
        """Reads the rows into memory as a Hugging Face Dataset; all columns, or those named.

        Raises:
            MissingExtra: Where `datasets` is not installed: it comes with the extra `train`.
        """
        from prompts.errors import MissingExtra

        try:
            from datasets import Dataset
            from datasets.table import InMemoryTable
        except ImportError as error:
            raise MissingExtra("a Dataset", "train") from error
        return Dataset(InMemoryTable(_without_maps(self.to_table(columns))))


def _without_maps(table: pa.Table) -> pa.Table:
    """Turns maps into lists of key and value: datasets knows no maps, which answers.parquet has."""
    import pyarrow as pa

    for index, field in enumerate(table.schema):
        if pa.types.is_map(field.type):
            pair = pa.struct([("key", field.type.key_type), ("value", field.type.item_type)])
            table = table.set_column(index, field.name, table[field.name].cast(pa.list_(pair)))
    return table
