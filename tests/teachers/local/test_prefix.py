"""Beginnings that prompts share."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from teachers.local.prefix import shared

IDS = st.lists(st.integers(0, 2), max_size=8)


@given(prefix=IDS, one=IDS, other=IDS)
def test_as_many_as_begin_alike_and_no_more(prefix: list[int], one: list[int], other: list[int]) -> None:
    mine, theirs = [*prefix, *one], [*prefix, *other]
    count = shared(mine, theirs)
    assert count == shared(theirs, mine) >= len(prefix)
    assert mine[:count] == theirs[:count]
    assert mine[: count + 1] != theirs[: count + 1] or count == len(mine) == len(theirs)
