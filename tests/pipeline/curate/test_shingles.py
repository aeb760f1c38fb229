"""Texts as shingles: what reads the same is the same."""

from __future__ import annotations

import pytest

from pipeline.curate.shingles import shingle


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ｆull ﬁeld   WIDTH", "full field width"),
        ("\u00a0a\u3000b\tc", "a b c"),
        ("Straße", "STRASSE"),
    ],
)
def test_texts_that_read_the_same_have_the_same_shingles(one: str, other: str) -> None:
    hashes, _ = shingle([one, other], 3)
    half = len(hashes) // 2
    assert hashes[:half].tolist() == hashes[half:].tolist()
