"""Statuses, hints and limits of HTTP APIs: which error a status is, when to come back, what is left of the limits."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

from teachers.base import Allowance, Limits
from teachers.errors import AuthError, InvalidRequest, RateLimited, TeacherError, Transient

MAX_HINT_S = 3600.0
"""Hints above an hour are cut to it: a clock skewed by days would otherwise stop a run for days."""

MAX_BODY_BYTES = 64 * 2**20
"""The most a body may have once decoded."""

FIRST_UNIX_TIME = 1e9
"""A reset at or above this is no number of seconds to wait but a moment, in seconds or milliseconds since 1970."""

REQUEST_LIMITS = (
    ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    (
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ),
    ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),  # OpenRouter and gateways
)
"""The headers of the limit on requests: limit, remaining, reset."""

TOKEN_LIMITS = (
    ("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    # Of input and output Anthropic shows the one that binds under this name.
    ("anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
)
"""The headers of the limit on tokens."""

_UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)", re.ASCII)
_DURATION = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)

_BY_STATUS: dict[int, type[TeacherError]] = {
    401: AuthError,
    402: AuthError,  # no credit left: no further request can succeed
    403: AuthError,
    408: Transient,  # the server tired of waiting for the request
    409: Transient,  # a race at the server
    425: Transient,  # sent too early over a connection that was being resumed
    429: RateLimited,
}


def error_for_status(status: int | None) -> type[TeacherError]:
    """Returns the error a status stands for; Transient where there is none.

    A redirect is refused, since it could lead the key elsewhere.
    """
    if status is None or status >= 500:
        return Transient
    return _BY_STATUS.get(status, InvalidRequest)


def redirect_remedy(status: int | None) -> str | None:
    """Returns what to do about a redirect, which is never followed; None for any other status."""
    if status is not None and 300 <= status < 400:
        return "Give the base URL it leads to"
    return None


def parse_retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Returns seconds from `retry-after-ms`, or `retry-after` in seconds or as an HTTP date.

    `headers` is read with lower-case names. None where there is no hint, or none that makes sense;
    never negative, never above MAX_HINT_S. `now` is Unix time.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return min(milliseconds / 1000, MAX_HINT_S)
    text = headers.get("retry-after")
    if text is None:
        return None
    seconds = _number(text)
    if seconds is None:
        seconds = _until(text, _or_now(now))
    if seconds is None:
        return None
    return min(seconds, MAX_HINT_S)


def parse_limits(headers: Mapping[str, str], now: float | None = None) -> Limits | None:
    """Reads what is left of the account's limits: OpenAI's `x-ratelimit-*` and Anthropic's `anthropic-ratelimit-*`.

    `headers` is read with lower-case names; None where it has none of these. `now` is Unix time. Pages:
    https://developers.openai.com/api/docs/guides/rate-limits and https://platform.claude.com/docs/en/api/rate-limits.
    """
    now = _or_now(now)
    requests = _allowance(headers, REQUEST_LIMITS, now)
    tokens = _allowance(headers, TOKEN_LIMITS, now)
    if requests is None and tokens is None:
        return None
    return Limits(requests or Allowance(), tokens or Allowance())


def _allowance(headers: Mapping[str, str], families: tuple[tuple[str, str, str], ...], now: float) -> Allowance | None:
    """Returns the first family that says what remains."""
    for limit, remaining, reset in families:
        left = _number(headers.get(remaining))
        if left is not None:
            return Allowance(_number(headers.get(limit)), left, _wait_s(headers.get(reset), now))
    return None


def _wait_s(text: str | None, now: float) -> float | None:
    """Returns seconds, from "6m0s", "12ms", a number of seconds, a Unix time, or an ISO or HTTP date."""
    if text is None:
        return None
    if (seconds := _number(text)) is not None:
        wait = _seconds_or_moment(seconds, now)
    elif _DURATION.fullmatch(text):
        wait = sum(float(number) * _UNITS_S[unit] for number, unit in _PART.findall(text))
    elif (until := _until_iso(text, now)) is not None:
        wait = until
    else:
        return None
    return min(max(wait, 0.0), MAX_HINT_S)


def _seconds_or_moment(number: float, now: float) -> float:
    """Reads a bare number as seconds to wait, or as a moment in seconds or milliseconds since 1970."""
    if number < FIRST_UNIX_TIME:
        return number
    if number > 1000 * FIRST_UNIX_TIME:
        number /= 1000
    return number - now


def _until_iso(text: str, now: float) -> float | None:
    try:
        return _in_utc(datetime.fromisoformat(text)).timestamp() - now
    except (ValueError, OverflowError):
        return _until(text, now)


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    if isfinite(value) and value >= 0:
        return value
    return None


def _until(date: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return max(0.0, _in_utc(moment).timestamp() - now)


def _in_utc(moment: datetime) -> datetime:
    # An HTTP date is GMT by definition, also where the server forgot to write so.
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment


def _or_now(now: float | None) -> float:
    if now is None:
        return time.time()
    return now
