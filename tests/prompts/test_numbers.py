"""Numbers: the last one of a worked answer, and an answer that is one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.numbers import last_number, sole_count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("2", 2),
        (" **2**.\n", 2),
        ("#2", 2),
        ("٢", 2),
        ("0", 0),
        ("", None),
        ("two", None),
        ("2 of 3", None),
        ("Answer: 2", None),
        ("2.5", None),
        ("9" * 1_000_000, 999_999_999),
    ],
)
def test_a_count_is_all_of_what_is_read(text: str, count: int | None) -> None:
    assert sole_count(text) == count


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=3))
def test_the_last_number_is_read_exactly(number: object) -> None:
    assert last_number(f"First 7, then {number:f}.") == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", None),
        ("-3", "-3"),
        ("5-3", "3"),
        ("\u22122.5", "-2.5"),
        ("it is .5", "0.5"),
        ("1,2", "2"),
        ("2e3", "2000"),
        ("١٢", "12"),
        ("😀" * 9, None),
        ("9" * 1_000_000, "9" * 1_000_000),
    ],
)
def test_the_last_number(text: str, number: str | None) -> None:
    assert last_number(text) == (None if number is None else Decimal(number))
