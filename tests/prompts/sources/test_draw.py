"""A simple random sample: every item as likely as any other."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from prompts.sources.draw import draw


@given(st.integers(0, 60), st.integers(1, 30), st.integers())
def test_a_draw_is_a_subset_of_the_size_asked_for(length: int, count: int, seed: int) -> None:
    drawn = draw(range(length), count, seed)
    assert drawn.seen == length
    assert len(drawn.items) == min(length, count)
    assert list(drawn.items) == sorted(set(drawn.items))


def test_every_item_is_as_likely_as_any_other() -> None:
    draws, length, count = 4000, 40, 8
    times = Counter(item for seed in range(draws) for item in draw(range(length), count, seed).items)
    expected = draws * count / length
    # Chi-square over 40 items, 39 degrees of freedom; a fixed-size draw has (1 - count/length) of its variance.
    square = sum((times[item] - expected) ** 2 / expected for item in range(length)) / (1 - count / length)
    assert square < 72.1  # the 99.9 % quantile
