"""Folded text: words without case, marks and spacing, in their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.folded import folded


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("  It's the END,\n really. ", "it s the end really"),
        ("Ｆull ﬁeld", "full field"),
        ("Straße", "strasse"),
        ("日本の", "日 本 の"),
        ("ไทย", "ไ ท ย"),
        ("\ufeffa\u2028b", "a b"),
        ("…", "..."),
        ("🙂 🙂", "🙂🙂"),
        ("-- --", "----"),
        ("", ""),
        (" \n\u00a0", ""),
    ],
)
def test_words_are_those_that_are_read(text: str, words: str) -> None:
    assert folded(text).decode().split() == words.split()


@given(st.text())
def test_no_byte_is_below_the_blank(text: str) -> None:
    assert all(byte >= 32 for byte in folded(text))


# Latin letters: beyond them marks that fold to letters (the Greek iota below) change places with others.
@given(st.text(st.characters(max_codepoint=0x24F)))
def test_case_is_nothing(text: str) -> None:
    assert folded(text.casefold()).split() == folded(text).split()


@given(st.lists(st.text(alphabet="abcXYZ019", min_size=1), min_size=1))
def test_plain_words_stay_as_many_and_in_order(words: list[str]) -> None:
    assert folded(", ".join(words)).decode().split() == [word.lower() for word in words]


def test_a_lone_surrogate_is_a_word_like_any_other() -> None:
    assert len(folded("a \ud800b c").split()) in (3, 4)
