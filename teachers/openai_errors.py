"""OpenAI's exceptions as ours. A test fails where the SDK gains one that is not in the table."""

from __future__ import annotations

import openai

from teachers.errors import AuthError, InvalidRequest, Malformed, TeacherError, Transient
from teachers.http import error_for_status, parse_retry_after

KINDS: dict[type[Exception], type[TeacherError]] = {
    openai.APIConnectionError: Transient,  # timeouts too
    openai.APIResponseValidationError: Malformed,
    openai.LengthFinishReasonError: Malformed,  # this and the next: only from the SDK's parsing helpers
    openai.ContentFilterFinishReasonError: Malformed,
    openai.InvalidWebhookSignatureError: InvalidRequest,  # this and the next two: never from a chat completion
    openai.WebSocketConnectionClosedError: Transient,
    openai.WebSocketQueueFullError: Transient,
    openai.APIError: Transient,  # an error inside a stream, with no status
}
"""The kind of each exception that has no status; those with one are read by their status."""

FILTERED = frozenset({"content_filter", "content_policy_violation", "invalid_prompt"})
"""Codes of a 400 that is about the prompt's content: an answer, which must not stop the others."""

NO_CREDIT = "insufficient_quota"
"""The 429 that waiting does not cure."""


def is_filtered(error: Exception) -> bool:
    """Whether the provider refused to answer because of what the prompt says."""
    return isinstance(error, openai.BadRequestError) and error.code in FILTERED


def kind_of(error: type[Exception]) -> type[TeacherError] | None:
    """Our kind for an exception class that has no status; None where the table has no row for it."""
    return next((KINDS[base] for base in error.__mro__ if base in KINDS), None)


def translate(error: Exception, *, provider: str, secret: str) -> TeacherError:
    """Our error for the SDK's. `secret`, which servers like to echo, is cut from both messages."""
    error.args = tuple(_redact(str(arg), secret) for arg in error.args)
    if isinstance(error, openai.APIStatusError):
        return _from_status(error, provider, secret)
    kind = kind_of(type(error)) or Transient
    cause = f" ({_redact(str(error.__cause__), secret)})" if error.__cause__ and str(error.__cause__) else ""
    return kind(f"{_redact(str(error), secret)}{cause}", provider=provider)


def _from_status(error: openai.APIStatusError, provider: str, secret: str) -> TeacherError:
    no_credit = error.code == NO_CREDIT
    kind = AuthError if no_credit else error_for_status(error.status_code)
    remedy = "Add credit, or use another key" if no_credit else _remedy(error.status_code)
    hint = parse_retry_after(error.response.headers)
    message = _redact(_message(error), secret)
    return kind(message, provider=provider, status=error.status_code, retry_after_s=hint, remedy=remedy)


def _message(error: openai.APIStatusError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    return str(body.get("message") or error.response.reason_phrase or "no reason given").strip().rstrip(".")


def _remedy(status: int) -> str | None:
    if status in (401, 403):
        return "Check OPENAI_API_KEY, and that it may use this model"
    if status == 404:
        return "Check the model's name and the base URL"
    return "Give the base URL it leads to" if 300 <= status < 400 else None


def _redact(text: str, secret: str) -> str:
    return text.replace(secret, "***") if secret else text
