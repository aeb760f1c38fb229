"""CSV with a header: each row under the number of its last line."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts.errors import InputError
from prompts.sources.formats.csv import read


def test_a_cell_of_several_lines_ends_its_row_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b'\xef\xbb\xbfsubject,label\r\n"Win,\nnow",spam\r\n"say ""hi""",ham\r\n')
    assert [(row.line, row.values) for row in read(path)] == [
        (3, {"subject": "Win,\nnow", "label": "spam"}),
        (4, {"subject": 'say "hi"', "label": "ham"}),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2\n1,2,3\n", r"rows\.csv:3: does not have 2 cells.*Quote cells"),
        (b"a,b\n1\n", r"rows\.csv:2: does not have 2 cells"),
        (b'a,b\n"1"x,2\n', r"rows\.csv:2: is not CSV"),
        (b"a,b\n1,\xe9\n", r"rows\.csv:2: is not UTF-8 \(byte 0xe9 at column 3\)"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read(path))
