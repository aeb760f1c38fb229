"""Texts that overlap, and answers to be scored."""

from __future__ import annotations

from hypothesis import strategies as st

from pipeline.recipe.scorer import Item
from prompts.messages import Message

WORDS = st.lists(
    st.sampled_from(["the", "a", "cat", "dog", "sat", "ran", "on", "mat", "Über", "7", "."]), min_size=1, max_size=12
)
TEXTS = WORDS.map(" ".join)


TESTS = "assert twice(2) == 4\nassert twice('a') == 'aa'"


def items(*texts: str, gold: str = TESTS) -> list[Item]:
    return [Item(f"p{place}", (Message("user", "Write twice."),), text, gold) for place, text in enumerate(texts)]
