"""How long a server says to wait, in each of the forms servers use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachers.base import Allowance, Limits
from teachers.transport.http import MAX_HINT_S, parse_limits, parse_retry_after

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


OPENAI = {"limit": "x-ratelimit-limit-{}", "remaining": "x-ratelimit-remaining-{}", "reset": "x-ratelimit-reset-{}"}
ANTHROPIC = {name: f"anthropic-ratelimit-{{}}-{name}" for name in OPENAI}


def told(family: dict[str, str], kind: str, limit: str, remaining: str, reset: str) -> dict[str, str]:
    values = {"limit": limit, "remaining": remaining, "reset": reset}
    return {name.format(kind): values[part] for part, name in family.items()}


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("12ms", 0.012),
        ("2m59.56s", 179.56),
        ("1h", 3600.0),
        ("2d", MAX_HINT_S),
        ("90", 90.0),
        ("1546300830", 30.0),
        ("1546300830500", 30.5),
        ("2019-01-01T00:00:30Z", 30.0),
        ("2019-01-01T01:00:30+01:00", 30.0),
        ("2018-12-31T00:00:00Z", 0.0),
        ("Tue, 01 Jan 2019 00:00:30 GMT", 30.0),
        ("soon", None),
        ("", None),
        ("-5", None),
    ],
)
@pytest.mark.parametrize("family", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
def test_what_is_left_is_read_in_every_form(family: dict[str, str], reset: str, seconds: float | None) -> None:
    headers = told(family, "requests", "50", "42", reset) | told(family, "tokens", "40000", "0", reset)
    found = parse_limits(headers, NOW)
    assert found is not None
    assert found.requests == Allowance(50, 42, pytest.approx(seconds))  # type: ignore[arg-type]
    assert found.tokens == Allowance(40000, 0, pytest.approx(seconds))  # type: ignore[arg-type]


def test_one_limit_alone_is_read_and_none_is_none() -> None:
    assert parse_limits({"content-type": "text/html"}) is None
    assert parse_limits({"x-ratelimit-remaining-tokens": "7"}) == Limits(tokens=Allowance(None, 7, None))
    assert parse_limits({"x-ratelimit-remaining-requests": "many"}) is None


@given(st.text(), st.text())
def test_no_limit_is_ever_an_error_or_an_absurd_wait(remaining: str, reset: str) -> None:
    headers = {"x-ratelimit-remaining-requests": remaining, "x-ratelimit-reset-requests": reset}
    found = parse_limits(
        {**headers, "anthropic-ratelimit-tokens-remaining": "1", "anthropic-ratelimit-tokens-reset": reset}
    )
    assert found is not None
    for allowance in (found.requests, found.tokens):
        assert allowance.reset_s is None or 0 <= allowance.reset_s <= MAX_HINT_S
        assert allowance.remaining is None or allowance.remaining >= 0
