"""How long a server says to wait, in each of the forms servers use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachers.http import MAX_HINT_S, parse_retry_after

NOW = 1_546_300_800.0  # Tue, 01 Jan 2019 00:00:00 GMT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "99999999"}, MAX_HINT_S),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Tue, 01 Jan 2019 00:00:30 GMT"}, 30.0),
        ({"retry-after": "Tue, 01 Jan 2019 00:00:30"}, 30.0),
        ({"retry-after": "Tue, 01 Jan 2019 01:00:30 +0100"}, 30.0),
        ({"retry-after": "Mon, 31 Dec 2018 00:00:00 GMT"}, 0.0),
        ({"retry-after": "Tue, 01 Jan 2030 00:00:00 GMT"}, MAX_HINT_S),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "3"}, 3.0),
    ],
)
def test_a_hint_is_read_or_ignored(headers: dict[str, str], seconds: float | None) -> None:
    assert parse_retry_after(headers, NOW) == seconds


@given(st.text(), st.text())
def test_no_header_is_ever_an_error_or_an_absurd_wait(seconds: str, milliseconds: str) -> None:
    hint = parse_retry_after({"retry-after": seconds, "retry-after-ms": milliseconds}, NOW)
    assert hint is None or 0 <= hint <= MAX_HINT_S
