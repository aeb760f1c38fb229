import pytest
from hypothesis import given
from hypothesis import strategies as st

from students.base.layers import evenly, kept_layers


@given(st.integers(2, 200), st.integers(2, 50))
def test_kept_layers_hold_both_ends_in_order_and_in_number(total: int, every: int) -> None:
    kept = kept_layers(total, every)
    assert (kept[0], kept[-1]) == (0, total - 1)
    assert kept == sorted(set(kept))
    assert len(kept) == min(total, max(2, -(-total // every)))


def test_ten_of_thirty() -> None:
    assert kept_layers(30, 3) == [0, 3, 6, 10, 13, 16, 19, 23, 26, 29]


@pytest.mark.parametrize("total", [0, 1])
def test_what_cannot_shrink_stays(total: int) -> None:
    assert kept_layers(total, 3) == list(range(total))


@given(st.integers(1, 60).flatmap(lambda total: st.tuples(st.just(total), st.integers(1, total))))
def test_evenly_keeps_as_many_as_it_is_told(sizes: tuple[int, int]) -> None:
    kept = evenly(*sizes)
    assert kept == sorted(set(kept))
    assert len(kept) == sizes[1]
    assert kept[-1] == sizes[0] - 1
