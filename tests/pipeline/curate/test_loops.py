"""Loops, beside a plain search."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.loops import loops


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(2, 12), st.integers(2, 5))
def test_loops_are_those_that_a_plain_search_finds(text: list[str], min_words: int, times: int) -> None:
    best = 0.0
    for period in range(1, len(text) // times + 1):
        for start in range(len(text) - period):
            end = start + period
            while end < len(text) and text[end] == text[end - period]:
                end += 1
            if end - start >= max(min_words, times * period):
                best = max(best, (end - start) / period)
    assert loops(text, min_words, times) == best
