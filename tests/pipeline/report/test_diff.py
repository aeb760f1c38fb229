from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.diff import MOST_WORDS, compare_words

TEXTS = st.text(st.sampled_from("ab .,\n\u05d0"), max_size=60)


@given(TEXTS, TEXTS)
def test_the_pieces_are_the_texts_and_the_rest_is_common(one: str, other: str) -> None:
    left, right = compare_words(one, other)
    assert "".join(part.text for part in left) == one
    assert "".join(part.text for part in right) == other
    common = ["".join(part.text for part in parts if not part.differs) for parts in (left, right)]
    assert common[0] == common[1]


@given(TEXTS)
def test_equal_texts_do_not_differ(text: str) -> None:
    assert not any(part.differs for parts in compare_words(text, text) for part in parts)


def test_a_word_that_differs_is_marked_as_a_word() -> None:
    left, right = compare_words("the red car", "the green car")
    assert [part.text for part in left if part.differs] == ["red"]
    assert [part.text for part in right if part.differs] == ["green"]


def test_long_texts_are_shown_without_marks() -> None:
    left, _ = compare_words("a " * MOST_WORDS, "b")
    assert not any(part.differs for part in left)
