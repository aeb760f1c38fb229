"""Anthropic's exceptions as ours. A test fails where the SDK gains one that is not in the table."""

from __future__ import annotations

import anthropic

from teachers.anthropic.wire import PROVIDER, error_in
from teachers.errors import AuthError, InvalidRequest, Malformed, TeacherError, Transient
from teachers.transport.http import parse_retry_after
from teachers.transport.keys import redact, redact_error

KINDS: dict[type[Exception], type[TeacherError]] = {
    anthropic.APIConnectionError: Transient,  # timeouts too
    anthropic.APIResponseValidationError: Malformed,
    anthropic.APIWebhookValidationError: InvalidRequest,  # this and the next three: never from a message
    anthropic.CredentialsError: AuthError,
    anthropic.WorkloadIdentityError: AuthError,
    anthropic.RetryableError: Transient,
    anthropic.APIError: Transient,
}
"""The kind of each exception that has no status; those with one are read by their status and body."""


def kind_of(error: type[Exception]) -> type[TeacherError] | None:
    """Returns our kind for an exception class that has no status; None where the table has no row for it."""
    return next((KINDS[base] for base in error.__mro__ if base in KINDS), None)


def translate(error: Exception, *, secret: str) -> TeacherError:
    """Returns our error for the SDK's. `secret`, which servers like to echo, is cut from both messages."""
    error.args = tuple(redact(str(arg), secret) for arg in error.args)
    if isinstance(error, anthropic.APIStatusError):
        return redact_error(_from_status(error), secret)
    kind = kind_of(type(error)) or Transient
    cause = ""
    if error.__cause__ and str(error.__cause__):
        cause = f" ({error.__cause__})"
    return redact_error(kind(f"{str(error).rstrip('.')}{cause}", provider=PROVIDER), secret)


def _from_status(error: anthropic.APIStatusError) -> TeacherError:
    response = error.response
    reason = response.reason_phrase or "no reason given"
    hint = parse_retry_after(response.headers)
    return error_in(error.body, error.status_code, reason=reason, retry_after_s=hint)
