"""Values out of a body, whatever it holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachers.errors import Malformed
from teachers.transport.body import at, count, parse_json, storable, string, to_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)


@given(JSON, st.lists(st.sampled_from("abc"), max_size=4))
def test_a_path_leads_to_a_value_or_to_none(value: Any, path: list[str]) -> None:
    reached = at(value, *path)
    if path and not isinstance(value, dict):
        assert reached is None
    if not path:
        assert reached == value


@pytest.mark.parametrize(
    ("value", "number"),
    [({"a": {"b": 3}}, 3), ({"a": {"b": 0}}, 0), ({"a": {"b": -1}}, None), ({"a": {"b": True}}, None),
     ({"a": {"b": 1.5}}, None), ({"a": [3]}, None), ({}, None), (None, None), ("ab", None)],
)  # fmt: skip
def test_a_count_is_a_whole_number_from_0_on(value: Any, number: int | None) -> None:
    assert count(value, "a", "b") == number


@given(JSON)
def test_a_body_survives_being_written(value: Any) -> None:
    assert parse_json(to_json(value), provider="p") == value


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed, match="not JSON"):
        parse_json(body, provider="p")


def test_half_a_surrogate_pair_becomes_what_can_be_stored() -> None:
    assert storable("a\ud83d") == "a?"
    assert string(3) is None
