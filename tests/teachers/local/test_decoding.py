"""How a long forward pass is cut into pieces, and how much of a prompt is shared."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from teachers.local.decoding import FORWARD_TOKENS, LOGPROBS, _pieces
from teachers.local.prefix import shared


@given(st.integers(1, 64), st.integers(1, 5000), st.integers(0, 5000), st.integers(2, 200_000))
def test_pieces_cover_every_column_once_and_keep_their_limits(
    rows: int, columns: int, wanted: int, vocabulary: int
) -> None:
    wanted = min(wanted, columns)
    pieces = list(_pieces(rows, columns, wanted, vocabulary))
    assert [begin for begin, _, _ in pieces] == [0, *(end for _, end, _ in pieces[:-1])]
    assert pieces[-1][1] == columns
    assert sum(keep for _, _, keep in pieces) == wanted
    for begin, end, keep in pieces:
        assert keep == max(0, end - max(begin, columns - wanted))
        assert end - begin == 1 or rows * (end - begin) <= FORWARD_TOKENS
        assert keep <= 1 or rows * keep * vocabulary <= LOGPROBS


@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_what_two_prompts_share_is_their_longest_common_beginning(one: list[int], other: list[int]) -> None:
    count = shared(one, other)
    assert one[:count] == other[:count]
    assert one[count : count + 1] != other[count : count + 1] or count == min(len(one), len(other))
