"""Sampling a source: every row as likely as any other, whatever the kind of file, and the rest is not parsed."""

from __future__ import annotations

from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prompts.errors import InputError
from prompts.sources.sample import draw_rows
from tests.prompts.sources.make import write_csv, write_jsonl

ROWS = [{"subject": f"mail {i}", "label": "ham"} for i in range(3000)]


@pytest.fixture(params=["jsonl", "csv", "parquet", "directory"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"rows.{request.param}"
    match request.param:
        case "jsonl":
            write_jsonl(path, ROWS)
        case "csv":
            write_csv(path, ROWS)
        case "parquet":
            pq.write_table(pa.Table.from_pylist(ROWS), path)
        case _:
            datasets.Dataset.from_list(ROWS).save_to_disk(path)
    return path


def test_the_rows_drawn_are_the_sources_in_its_order(source: Path) -> None:
    drawn = draw_rows(source, 200, seed=1)
    places = [ROWS.index(row.values) for row in drawn.items]
    assert (drawn.seen, len(places), drawn.is_all) == (3000, 200, False)
    assert places == sorted(set(places))
    assert drawn == draw_rows(source, 200, seed=1)
    assert drawn != draw_rows(source, 200, seed=2)


def test_all_are_drawn_where_there_are_no_more(source: Path) -> None:
    drawn = draw_rows(source, 100, seed=1, limit=70)
    assert [row.values for row in drawn.items] == ROWS[:70]
    assert (drawn.seen, drawn.is_all) == (70, True)
    assert len(draw_rows(source, 20, seed=1, limit=70).items) == 20


def test_a_bad_row_is_named_where_it_is_drawn_and_only_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"subject": "a"}\n\nnot json\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"rows.jsonl:3: is not JSON"):
        draw_rows(path, 5, seed=1)
    assert {draw_rows(path, 1, seed).seen for seed in range(20) if _is_good(path, seed)} == {2}


def _is_good(path: Path, seed: int) -> bool:
    try:
        return bool(draw_rows(path, 1, seed).items)
    except InputError:
        return False


@pytest.mark.parametrize("name", ["none.jsonl", "none.parquet", "none"])
def test_a_missing_source_is_an_input_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="no such file"):
        draw_rows(tmp_path / name, 5, seed=1)


def test_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"words")
    with pytest.raises(InputError, match="is not Parquet"):
        draw_rows(path, 5, seed=1)
