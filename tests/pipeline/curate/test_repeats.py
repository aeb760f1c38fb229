"""Short evaluation texts: repeated where their words stand there in order, or they stand alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.folded import folded
from pipeline.curate.repeats import has_words, stands_alone

ROW = b"how many red balloons are left when four of nine have flown away".split()
WORDS = st.lists(st.sampled_from([b"a", b"b", b"c", b"d"]), max_size=20)


def test_a_changed_word_in_ten_is_a_repetition_and_a_phrase_is_none() -> None:
    edited = [b"so", *ROW[:5], b"now", *ROW[6:], b"please"]
    phrase = [*b"we asked how many red balloons are".split(), *[b"other"] * 20]
    assert has_words(edited, ROW, ROW)
    assert not has_words(phrase, ROW, ROW)
    assert not has_words(ROW[::-1], ROW, ROW)


@given(before=WORDS, text=st.lists(st.sampled_from([b"a", b"b", b"c", b"d"]), min_size=4, max_size=12), after=WORDS)
def test_what_is_there_verbatim_is_found_wherever_it_stands(
    before: list[bytes], text: list[bytes], after: list[bytes]
) -> None:
    assert has_words([*before, *text, *after], text, text)


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("on the las vegas strip", True),
        ("question: on the las vegas strip?\nanswer:", True),
        ("1. on the las-vegas strip", True),
        ("we met on the las vegas strip", False),
        ("on the las vegas strip we met", False),
        ("on the vegas strip", False),
    ],
)
def test_five_words_stand_alone_between_marks_or_line_ends(text: str, alone: bool) -> None:
    assert stands_alone(["another text", text], folded("on the Las Vegas Strip")) == alone
