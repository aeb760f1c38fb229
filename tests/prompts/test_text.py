"""The normal form of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.text import normalise


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("  New\u00a0 York\r\n", "new york"),
        ("ＳＰＡＭ", "spam"),
        ("ﬁve", "five"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("\u2003", ""),
        ("É", "é"),
    ],
)
def test_case_form_and_white_space_are_aside(text: str, form: str) -> None:
    assert normalise(text) == form


@given(st.text(st.characters(codec="utf-8")))
def test_no_white_space_is_left_at_the_ends_or_twice(text: str) -> None:
    assert normalise(text).split(" ") == normalise(text).split() or not normalise(text)
