"""Formats of sources: each path is for one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts.sources.source import source_formats


def test_formats_are_listed_by_place_and_read_different_files() -> None:
    formats = source_formats()
    assert [each.name for each in formats[:3]] == ["JSONL", "CSV", "Parquet"]
    suffixes = [suffix for each in formats for suffix in each.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)


@pytest.mark.parametrize(
    ("name", "format"), [("a.jsonl", "JSONL"), ("a.NDJSON", "JSONL"), ("a.csv", "CSV"), ("a.parquet", "Parquet")]
)
def test_a_file_goes_by_its_suffix_whatever_its_case(tmp_path: Path, name: str, format: str) -> None:
    (tmp_path / name).touch()
    assert [each.name for each in source_formats() if each.recognises(tmp_path / name)] == [format]


def test_a_directory_is_no_file_whatever_it_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "rows.parquet"
    folder.mkdir()
    assert [each.name for each in source_formats() if each.recognises(folder)] == ["datasets"]
