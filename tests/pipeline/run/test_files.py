"""Small files of a run: whole or as they were, and stale by their sources."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.run.files import is_stale, write_text


def test_a_write_leaves_the_new_text_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "small.json"
    for text in ("old", "né\n🌱"):
        write_text(path, text)
    assert path.read_text(encoding="utf-8") == "né\n🌱"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_text_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "small.json"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \ud800")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_stale_where_a_source_was_written_after_it(tmp_path: Path) -> None:
    made, source = tmp_path / "made", tmp_path / "source"
    assert is_stale(made, [])
    made.touch()
    assert not is_stale(made, [source])  # a source that is not there is not newer
    source.touch()
    os.utime(made, ns=(10, 10))
    os.utime(source, ns=(10, 10))
    assert not is_stale(made, [source])
    os.utime(source, ns=(11, 11))
    assert is_stale(made, [made, source])
