"""Parquet: rows under their numbers, and a draw by numbers."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prompts.errors import InputError
from prompts.sources.formats.parquet import BATCH_ROWS, draw_rows, read

ROWS = 2 * BATCH_ROWS + 100


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("parquet") / "rows.parquet"
    pq.write_table(pa.table({"n": range(ROWS)}), path)
    return path


def test_rows_are_numbered_through_all_batches(path: Path) -> None:
    assert [(row.line, row.values["n"]) for row in read(path)] == [(n + 1, n) for n in range(ROWS)]


@pytest.mark.parametrize(("count", "limit", "seen"), [(0, None, ROWS), (50, None, ROWS), (50, 60, 60), (99, 60, 60)])
def test_a_draw_is_of_different_rows_in_order(path: Path, count: int, limit: int | None, seen: int) -> None:
    drawn = draw_rows(path, count, 3, limit)
    lines = [row.line for row in drawn.items]
    assert drawn.seen == seen
    assert len(lines) == min(count, seen)
    assert lines == sorted(set(lines))
    assert all(row.values == {"n": row.line - 1} and row.line <= seen for row in drawn.items)


def test_what_is_no_parquet_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"bad\.parquet: is not Parquet"):
        list(read(bad))
    with pytest.raises(InputError, match=r"bad\.parquet: is not Parquet"):
        draw_rows(bad, 1, 0, None)
