"""Parquet files of a run: streamed in, streamed out, whole or not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.run.errors import RunError
from pipeline.run.records import ROW_GROUP_ROWS, VERDICT, read_rows, spec_of, write_parquet

ROW = {"step": "exact", "reason": "né", "score": 0.5, "detail": None}


@pytest.mark.parametrize("rows", [0, 1, ROW_GROUP_ROWS, ROW_GROUP_ROWS + 1])
def test_rows_come_back_in_order_and_in_groups(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "rows.parquet"
    written = [{**ROW, "score": float(number)} for number in range(rows)]
    assert write_parquet(path, VERDICT, iter(written)) == rows
    assert list(read_rows(path)) == written
    assert list(read_rows(path, ["score"])) == [{"score": row["score"]} for row in written]
    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    assert all(size <= ROW_GROUP_ROWS for size in groups)
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_breaks_off_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_parquet(path, VERDICT, [ROW])

    def broken() -> Iterator[dict[str, Any]]:
        yield ROW
        raise OSError("the source broke off")

    with pytest.raises(OSError, match="broke off"):
        write_parquet(path, VERDICT, broken())
    with pytest.raises(pa.ArrowInvalid):
        write_parquet(path, VERDICT, [{**ROW, "score": "no number"}])
    assert list(read_rows(path)) == [ROW]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:8080/v1"])
def test_a_teachers_struct_is_named_by_its_spec(base_url: str | None) -> None:
    spec = spec_of({"provider": "openai", "model": "m", "base_url": base_url})
    assert spec == ("openai:m" if base_url is None else f"openai:m@{base_url}")


def test_a_table_that_was_cut_short_is_said(tmp_path: Path) -> None:
    path = tmp_path / "kept.parquet"
    path.write_text("x", encoding="utf-8")
    with pytest.raises(RunError, match=r"kept\.parquet cannot be read .* Delete it: its stage runs again"):
        next(read_rows(path))
