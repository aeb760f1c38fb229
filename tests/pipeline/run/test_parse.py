"""Records in JSON: read whole, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.run.counts import CLOSED
from pipeline.run.parse import Misfit, parse, to_plain


@dataclass(slots=True, frozen=True)
class Small:
    __pydantic_config__ = CLOSED

    count: int
    shares: dict[str, float]
    note: str | None = None


@given(
    count=st.integers(-(2**60), 2**60), shares=st.dictionaries(st.text(), st.floats(0, 1)), note=st.none() | st.text()
)
def test_a_record_comes_back_as_it_was(count: int, shares: dict[str, float], note: str | None) -> None:
    record = Small(count, shares, note)
    assert parse(Small, orjson.dumps(to_plain(record))) == record


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"shares": {}}', "count: Field required"),
        ('{"count": "1", "shares": {}}', "count: "),
        ('{"count": 1, "shares": {"a": "b"}}', "shares.a: "),
        ('{"count": 1, "shares": {}, "more": 2}', "more: "),
        ("[]", ": "),
        ("{", ": "),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(text: str, place: str) -> None:
    with pytest.raises(Misfit) as misfit:
        parse(Small, text)
    assert str(misfit.value).startswith(place)
