"""The run's Arrow schemas, and the files written with them. design.md, section 5, is the contract."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.run.errors import RunError
from pipeline.run.files import replace_durably

ROW_GROUP_ROWS = 1024
"""The quickstart's rows, of two tokens with 20 alternatives each, take 3.3 kB in memory; a reply of hundreds of
tokens takes hundreds of times as much, and a whole group is held at once."""

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))

_ALTERNATIVE = pa.struct([("bytes", pa.binary()), ("id", pa.int32()), ("logprob", pa.float32())])

TOKENS = pa.list_(
    pa.struct([("bytes", pa.binary()), ("id", pa.int32()), ("logprob", pa.float32()), ("top", pa.list_(_ALTERNATIVE))])
)

TEACHER = pa.struct(
    [
        ("provider", pa.string()),
        ("model", pa.string()),
        ("base_url", pa.string()),
        ("api_version", pa.string()),
        ("adapter_version", pa.int32()),
        ("terms", pa.string()),
    ]
)

SAMPLING = pa.struct(
    [
        ("temperature", pa.float64()),
        ("top_p", pa.float64()),
        ("max_tokens", pa.int32()),
        ("seed", pa.int64()),
        ("n", pa.int32()),
        ("schema_digest", pa.string()),
        ("reasoning_effort", pa.string()),
    ]
)

USAGE = pa.struct(
    [
        ("input_tokens", pa.int64()),
        ("cached_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("reasoning_tokens", pa.int64()),
        ("cache_write_tokens", pa.int64()),
    ]
)

CURATED = pa.schema(
    [
        ("prompt", MESSAGES),  # what the student is asked: TRL's conversational prompt/completion format
        ("completion", MESSAGES),  # what it learns to answer
        ("split", pa.string()),  # train | heldout
        ("margin", pa.float64()),  # how sure the last step that measured it was; null where none did
        ("judge_score", pa.float64()),  # 0 to 1; null where no judge was asked
        ("soft_labels", pa.list_(pa.struct([("text", pa.string()), ("share", pa.float64())]))),  # of a vote
        ("review", pa.struct([(name, pa.string()) for name in ("kind", "step", "reason")])),  # and the drop it overrode
    ]
)

VERDICT = pa.schema([("step", pa.string()), ("reason", pa.string()), ("score", pa.float64()), ("detail", pa.string())])

PREFERENCES = pa.schema(
    [
        ("prompt", MESSAGES),
        ("chosen", MESSAGES),  # null where curation kept no reply to the prompt
        ("rejected", MESSAGES),
        ("split", pa.string()),
        ("group", pa.string()),
        ("prompt_id", pa.string()),
        ("chosen_id", pa.string()),  # their sample ids
        ("rejected_id", pa.string()),
        ("step", pa.string()),  # who found the rejected one worse, why, and its score
        ("reason", pa.string()),
        ("score", pa.float64()),
    ]
)


def spec_of(teacher: Mapping[str, Any]) -> str:
    """Returns a `teacher` struct as the spec that names it."""
    spec = f"{teacher['provider']}:{teacher['model']}"
    if teacher["base_url"]:
        spec += f"@{teacher['base_url']}"
    return spec


def write_parquet(path: Path, schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> int:
    """Streams rows into `path` in row groups, beside it first, then renamed; returns the row count."""
    return write_tables(path, schema, (pa.Table.from_pylist(group, schema=schema) for group in _groups(rows)))


def write_tables(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> int:
    """As `write_parquet`, with each table a row group."""
    # Beside its place, under a name of this process: a kill leaves a file that nobody takes for the table.
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    count = 0
    try:
        with pq.ParquetWriter(beside, schema, compression="zstd") as writer:
            for table in tables:
                writer.write_table(table)
                count += len(table)
        replace_durably(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return count


def open_parquet(path: Path) -> pq.ParquetFile:
    """Opens a table of the run; RunError where it was cut short, or is another file."""
    try:
        return pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise RunError(
            f"{path} cannot be read ({error}). Delete it: its stage runs again, and no reply is paid for twice"
        ) from error


def read_rows(path: Path, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """Streams a Parquet file's rows as dicts."""
    with open_parquet(path) as file:
        for batch in file.iter_batches(batch_size=1024, columns=columns):
            yield from batch.to_pylist()


def _groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    group: list[Mapping[str, Any]] = []
    for row in rows:
        group.append(row)
        if len(group) == ROW_GROUP_ROWS:
            yield group
            group = []
    if group:
        yield group
