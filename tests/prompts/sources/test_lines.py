"""Lines of text files: numbered from 1, blank ones counted and passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.errors import InputError
from prompts.sources.lines import decode_line, numbered_lines


@given(lines=st.lists(st.binary(max_size=6).filter(lambda line: b"\n" not in line)))
def test_every_line_that_is_not_blank_comes_with_its_number(
    lines: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("lines") / "rows.txt"
    path.write_bytes(b"\n".join(lines))
    expected = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    assert [(number, line.removesuffix(b"\n")) for number, line in numbered_lines(path)] == expected


def test_a_mark_is_taken_from_the_first_line_alone() -> None:
    marked = "\ufeffné".encode()
    assert decode_line(Path("f"), 1, marked) == "né"
    assert decode_line(Path("f"), 2, marked) == "\ufeffné"


def test_what_is_not_utf8_is_named_with_byte_and_column() -> None:
    with pytest.raises(InputError, match=r"f:7: is not UTF-8 \(byte 0xe9 at column 4\).*iconv"):
        decode_line(Path("f"), 7, "café".encode("latin1"))
