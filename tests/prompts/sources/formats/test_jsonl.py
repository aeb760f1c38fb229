"""JSON Lines: objects under their lines' numbers, and a draw that parses no others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.errors import InputError
from prompts.sources.formats.jsonl import draw_lines, parse, read
from tests.pipeline.helpers import ROOT

MAILS = ROOT / "data" / "spam_assassin.jsonl"
VALUES = st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text())


@given(values=VALUES)
def test_an_object_comes_back_as_it_was_written(values: dict[str, Any]) -> None:
    assert parse(Path("f"), 3, json.dumps(values).encode()).values == values


def test_numbers_beyond_64_bits_and_nan_are_read() -> None:
    assert parse(Path("f"), 1, b'{"n": 123456789012345678901234567890}').values == {"n": 123456789012345678901234567890}
    assert parse(Path("f"), 1, b'{"n": NaN}').values["n"] != 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"[1]", "is a list, not an object"),
        (b'{"a"', "is not JSON"),
        (b"[" * 5000, "is not JSON: maximum recursion depth"),
        (b'{"a": ' + b"1" * 5000 + b"}", "is not JSON: Exceeds the limit"),
    ],
)
def test_what_is_no_object_is_named(line: bytes, message: str) -> None:
    with pytest.raises(InputError, match=f"f:9: {message}.*One object a line"):
        parse(Path("f"), 9, line)


def test_a_draw_is_of_the_mails_in_their_order() -> None:
    rows = {row.line: row.values for row in read(MAILS)}
    drawn = draw_lines(MAILS, 7, seed=1, limit=None)
    assert drawn.seen == len(rows)
    assert len(drawn.items) == 7
    assert [row.line for row in drawn.items] == sorted(row.line for row in drawn.items)
    assert all(row.values == rows[row.line] for row in drawn.items)
    assert draw_lines(MAILS, 7, seed=1, limit=None) == drawn
    assert draw_lines(MAILS, 7, seed=1, limit=5).seen == 5


def test_a_bad_line_that_is_not_drawn_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n' * 3 + b"nonsense\n")
    assert len(draw_lines(path, 2, seed=0, limit=3).items) == 2
    with pytest.raises(InputError, match=r"rows\.jsonl:4"):
        draw_lines(path, 4, seed=0, limit=None)
