"""The lists of a set-similarity join: every near pair meets in one of them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.prefix_lists import EXACT, POSITION_BITS, Lists

SETS = st.lists(st.sets(st.integers(0, 12), min_size=1, max_size=8), min_size=2, max_size=10)


def lists_of(sets: list[list[int]], threshold: float) -> Lists:
    """The lists of sets that stand by size, each sorted, their prefixes whole."""
    list_bits = POSITION_BITS + (len(sets) - 1).bit_length()
    entries = [
        element << list_bits | rank << POSITION_BITS | position
        for rank, members in enumerate(sets)
        for position, element in enumerate(members)
    ]
    return Lists(
        np.array(sorted(entries), np.uint64), np.array([len(members) for members in sets], np.int32), threshold
    )


def pairs_met(lists: Lists, labels: list[int]) -> set[tuple[int, int]]:
    met: set[tuple[int, int]] = set()
    smaller = np.arange(len(lists.entries), dtype=np.uint32)
    for gap in range(1, len(lists.entries)):
        smaller, pairs = lists.candidates(smaller, gap, np.array(labels))
        met |= {(pair >> 32, pair & 0xFFFFFFFF) for pair in pairs.tolist()}
    return met


@given(sets=SETS, threshold=st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_every_near_pair_meets_and_what_is_much_larger_never(sets: list[set[int]], threshold: float) -> None:
    ranked = sorted((sorted(members) for members in sets), key=len)
    met = pairs_met(lists_of(ranked, threshold), list(range(len(ranked))))
    for left, right in combinations(range(len(ranked)), 2):
        one, other = set(ranked[left]), set(ranked[right])
        if len(one & other) >= threshold * len(one | other) - EXACT:
            assert (left, right) in met
    for left, right in met:
        assert len(ranked[left]) >= threshold * len(ranked[right]) - EXACT


def test_pairs_of_one_cluster_are_not_compared_again() -> None:
    lists = lists_of([[1, 2], [1, 2], [1, 2]], 0.8)
    assert pairs_met(lists, [0, 1, 2]) == {(0, 1), (0, 2), (1, 2)}
    assert pairs_met(lists, [0, 0, 2]) == {(0, 2), (1, 2)}


@pytest.mark.parametrize(("labels", "expected"), [([0, 0, 0], []), ([0, 0, 2], [2, 3]), ([0, 1, 1], [0, 1])])
def test_a_list_that_is_one_cluster_is_done(labels: list[int], expected: list[int]) -> None:
    lists = lists_of([[1], [1, 2], [2, 3]], 0.5)  # 1: of the first two; 2: of the last two; 3: of the last
    entries = np.arange(5, dtype=np.uint32)
    still = lists.not_one_cluster(entries, np.array(labels))
    assert still.tolist() == expected
