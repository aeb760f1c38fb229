"""Typed records of a JSONL file: whatever is wrong is named by file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from prompts.errors import InputError
from teachers.recorded.jsonl import read_records


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    match: str = ""
    reply: str


def test_records_come_with_their_lines_and_blank_ones_count(tmp_path: Path) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text('{"reply": "né"}\n\n  \n{"match": "x", "reply": ""}', encoding="utf-8")
    assert list(read_records(path, Entry)) == [(1, Entry(reply="né")), (4, Entry(match="x", reply=""))]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b'{"match": "x"}', "field 'reply'"),
        (b'{"reply": 3}', "field 'reply'"),
        (b'{"reply": "", "rely": ""}', "field 'rely'"),
        (b'{"reply": ', "Invalid JSON"),
        (b'{"reply": "\xff"}', "Invalid JSON"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: bytes, field: str) -> None:
    path = tmp_path / "script.jsonl"
    path.write_bytes(b'{"reply": "fine"}\n' + line + b"\n")
    records = read_records(path, Entry)
    assert next(records) == (1, Entry(reply="fine"))
    with pytest.raises(InputError, match=rf"script\.jsonl:2: .*{field}.*A line takes match, reply"):
        next(records)


def test_a_missing_file_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such file.*JSONL file of match, reply"):
        next(read_records(tmp_path / "none", Entry))
