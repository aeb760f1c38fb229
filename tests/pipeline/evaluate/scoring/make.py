"""Texts that overlap."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = st.lists(
    st.sampled_from(["the", "a", "cat", "dog", "sat", "ran", "on", "mat", "Über", "7", "."]), min_size=1, max_size=12
)
TEXTS = WORDS.map(" ".join)
