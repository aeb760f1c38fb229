"""What every HTTP API shares: how a status reads as an error, and how long the server says to wait."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import isfinite

from teachers.errors import AuthError, InvalidRequest, RateLimited, TeacherError, Transient

MAX_HINT_S = 3600.0
"""Hints above an hour are cut to it: a clock skewed by days would otherwise stop a run for days."""

MAX_BODY_BYTES = 64 * 2**20
"""The most a body may have once decoded."""

_BY_STATUS: dict[int, type[TeacherError]] = {
    401: AuthError,
    402: AuthError,  # no credit left: no further request can succeed
    403: AuthError,
    408: Transient,
    409: Transient,
    425: Transient,
    429: RateLimited,
}


def error_for_status(status: int) -> type[TeacherError]:
    """The error a status stands for; a redirect is refused, since it could lead the key elsewhere."""
    return _BY_STATUS.get(status, Transient if status >= 500 else InvalidRequest)


def parse_retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds from `retry-after-ms`, or `retry-after` in seconds or as an HTTP date.

    `headers` is read with lower-case names. None where there is no hint, or none that makes sense;
    never negative, never above MAX_HINT_S. `now` is Unix time.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return min(milliseconds / 1000, MAX_HINT_S)
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is None and text is not None:
        seconds = _until(text, time.time() if now is None else now)
    return None if seconds is None else min(seconds, MAX_HINT_S)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else -1.0
    except ValueError:
        return None
    return value if isfinite(value) and value >= 0 else None


def _until(date: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    # An HTTP date is GMT by definition, also where the server forgot to write so.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)
