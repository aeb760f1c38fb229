"""The words of a text, in any script."""

from __future__ import annotations

from prompts.words import words


def test_words_are_runs_of_letters_and_single_han() -> None:
    assert words("It's 3 o'clock, 天气 שלום") == ["It", "s", "3", "o", "clock", "天", "气", "שלום"]
