"""The journal's tokens: numbered from 0, each once, and told once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.journal.vocabulary import Vocabulary, Word

WORDS = st.lists(st.tuples(st.binary(max_size=2), st.none() | st.integers(0, 3)), max_size=30)


@given(words=WORDS, more=WORDS)
def test_equal_words_have_one_number_and_new_ones_are_told_once(words: list[Word], more: list[Word]) -> None:
    vocabulary = Vocabulary(())
    numbers = [vocabulary[word] for word in words]
    fresh = vocabulary.take_fresh()
    assert [number for number, *_ in fresh] == list(range(len(set(words))))
    assert [(data, token) for _, data, token in fresh] == list(dict.fromkeys(words))
    assert vocabulary.take_fresh() == []
    stored = Vocabulary(fresh)  # as the next process reads it
    assert [stored[word] for word in words] == numbers
    assert stored.take_fresh() == []
    assert [stored[word] for word in more] == [vocabulary[word] for word in more]
    assert stored.take_fresh() == vocabulary.take_fresh()
