"""Sampling a source: every row as likely as any other, whatever the kind of file, and the rest is not parsed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.errors import InputError
from prompts.sources.draw import draw
from prompts.sources.sample import draw_rows
from tests.prompts.sources.test_load import write_csv, write_jsonl

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


@given(st.integers(0, 60), st.integers(1, 30), st.integers())
def test_a_draw_is_a_subset_of_the_size_asked_for(length: int, count: int, seed: int) -> None:
    drawn = draw(range(length), count, seed)
    assert drawn.seen == length
    assert len(drawn.items) == min(length, count)
    assert list(drawn.items) == sorted(set(drawn.items))


def test_every_item_is_as_likely_as_any_other() -> None:
    draws, length, count = 4000, 40, 8
    times = Counter(item for seed in range(draws) for item in draw(range(length), count, seed).items)
    expected = draws * count / length
    # Chi-square over 40 items, 39 degrees of freedom; a fixed-size draw has (1 - count/length) of its variance.
    square = sum((times[item] - expected) ** 2 / expected for item in range(length)) / (1 - count / length)
    assert square < 72.1  # the 99.9 % quantile


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
