"""Repetition: what is a loop."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.steps.repetition import Repetition
from tests.pipeline.curate.make import dropped, reason, rule_of, sample


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It was good. " + "I liked it a lot. " * 5, "loop"),
        ("no, no, no, no", "kept"),
        ("very " * 12, "loop"),
        ("a" * 100, "loop"),
        ("😀" * 20, "loop"),
        ("很好" * 8, "loop"),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", "kept"),
    ],
)
def test_repetition(text: str, expected: str) -> None:
    assert reason(rule_of(Repetition())([sample(completion=text)])[0]) == expected


@given(st.text(max_size=200), st.integers(2, 6), st.integers(2, 20))
def test_looser_thresholds_drop_no_more(text: str, times: int, min_words: int) -> None:
    replies = [text, text * 4]
    tight = dropped(Repetition(times=times, min_words=min_words), replies)
    for loose in (Repetition(times=times + 1, min_words=min_words), Repetition(times=times, min_words=min_words + 1)):
        assert all(before or not after for before, after in zip(tight, dropped(loose, replies), strict=True))
