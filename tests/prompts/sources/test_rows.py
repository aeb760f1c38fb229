"""Rows of any source: each format gives the same, and what is read by none is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest

from prompts.errors import InputError
from prompts.sources.rows import read_rows
from tests.prompts.sources.make import ROWS, write_csv, write_dataset, write_jsonl, write_parquet


@pytest.mark.parametrize(
    ("write", "name"),
    [(write_jsonl, "r.jsonl"), (write_csv, "r.csv"), (write_parquet, "r.parquet"), (write_dataset, "saved")],
)
def test_every_kind_gives_the_same_rows(tmp_path: Path, write: Any, name: str) -> None:
    assert [row.values for row in read_rows(write(tmp_path / name, ROWS))] == ROWS


def test_missing_file_and_foreign_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(read_rows(tmp_path / "none.jsonl"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="is not a saved dataset"):
        list(read_rows(tmp_path / "folder"))
    datasets.DatasetDict({"a": datasets.Dataset.from_list(ROWS)}).save_to_disk(str(tmp_path / "dict"))
    with pytest.raises(InputError, match="holds several splits"):
        list(read_rows(tmp_path / "dict"))
