"""Directories that datasets wrote: read by row, and one of several splits is asked for."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from prompts.errors import InputError
from prompts.sources.formats.saved_dataset import draw_rows, read
from tests.prompts.sources.make import ROWS, write_dataset


def test_rows_are_numbered_and_drawn_by_their_numbers(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "saved", ROWS * 5)
    rows = {row.line: row.values for row in read(folder)}
    assert rows == {number: ROWS[(number - 1) % 2] for number in range(1, 11)}
    drawn = draw_rows(folder, 4, 1, 6)
    assert drawn.seen == 6
    assert len(drawn.items) == 4
    assert all(row.line <= 6 and row.values == rows[row.line] for row in drawn.items)


def test_several_splits_and_another_folder_are_named(tmp_path: Path) -> None:
    both = datasets.DatasetDict({name: datasets.Dataset.from_list(ROWS) for name in ("train", "test")})
    both.save_to_disk(str(tmp_path / "both"))
    with pytest.raises(InputError, match=r"holds several splits.*train, test"):
        list(read(tmp_path / "both"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="is not a saved dataset"):
        list(read(tmp_path / "empty"))
