"""OpenAI's exceptions as ours. A test fails where the SDK gains one that is not in the table."""

from __future__ import annotations

from collections.abc import Mapping

import openai

from teachers.errors import AuthError, InvalidRequest, Malformed, TeacherError, Transient
from teachers.openai.parts import FILTERED
from teachers.transport.http import error_for_status, parse_retry_after, redirect_remedy
from teachers.transport.keys import redact

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

NO_CREDIT = frozenset({"insufficient_quota", "billing_not_active", "billing_hard_limit_reached"})
"""The codes of a 429 or 400 that waiting does not cure."""

TOO_LONG = "Shorten the prompt, or lower max_tokens"
BAD_SCHEMA = (
    "Change json_schema: every property required, additionalProperties false, and only what the server supports"
)
NOT_TAKEN = "Leave it unset, or name it under the teacher's capabilities in the recipe"

REMEDIES: Mapping[str, str] = {
    # Codes, of OpenAI and Azure
    "context_length_exceeded": TOO_LONG,
    "string_above_max_length": TOO_LONG,
    "invalid_json_schema": BAD_SCHEMA,
    "unsupported_parameter": NOT_TAKEN,
    "unsupported_value": NOT_TAKEN,
    "integer_below_min_value": "Raise max_tokens",
    "DeploymentNotFound": "Give the deployment's name as the model, and its resource in the base URL",
    # Types, of llama.cpp
    "exceed_context_size_error": TOO_LONG,
    # Parameters, of OpenAI and vLLM
    "response_format": BAD_SCHEMA,
    "response_format.json_schema": BAD_SCHEMA,
    "text.format.schema": BAD_SCHEMA,
    "input_tokens": TOO_LONG,
}
"""Remedies by an error's code, else its type, else the parameter it names."""


def is_filtered(error: Exception) -> bool:
    """Tells a refusal to answer because of what the prompt says."""
    # OpenAI and Azure answer it with a 400; it is an answer to this prompt, and no fault of the request.
    return isinstance(error, openai.BadRequestError) and error.code in FILTERED


def kind_of(error: type[Exception]) -> type[TeacherError] | None:
    """Returns our kind for an exception class that has no status; None where the table has no row for it."""
    return next((KINDS[base] for base in error.__mro__ if base in KINDS), None)


def translate(error: Exception, *, secret: str, variable: str, provider: str = "openai") -> TeacherError:
    """Returns our error for the SDK's. `secret`, which servers like to echo, is cut from both; `variable` held it."""
    error.args = tuple(redact(str(arg), secret) for arg in error.args)
    if isinstance(error, openai.APIStatusError):
        return _from_status(error, provider, secret, variable)
    kind = kind_of(type(error)) or Transient
    cause = ""
    if error.__cause__ and str(error.__cause__):
        cause = f" ({redact(str(error.__cause__), secret)})"
    return kind(f"{redact(str(error), secret)}{cause}", provider=provider)


def _from_status(error: openai.APIStatusError, provider: str, secret: str, variable: str) -> TeacherError:
    kind, remedy = error_for_status(error.status_code), _remedy(error, variable)
    if error.code in NO_CREDIT:
        kind, remedy = AuthError, "Add credit, or use another key"
    hint = parse_retry_after(error.response.headers)
    message = redact(_message(error), secret)
    return kind(message, provider=provider, status=error.status_code, retry_after_s=hint, remedy=remedy)


def _message(error: openai.APIStatusError) -> str:
    """Returns the provider's own words, in whichever field its servers put them."""
    words = _words(error.body) or error.response.reason_phrase or "no reason given"
    return str(words).strip().rstrip(".")


def _words(body: object) -> object:
    if isinstance(body, dict):
        for name in ("message", "Message", "detail", "error"):  # OpenAI and most; AWS; FastAPI; TGI
            if body.get(name):
                return body[name]
    if not isinstance(body, str):
        return None
    if body.lstrip().startswith("<"):
        return "answered a web page"
    return body[:200]


def _remedy(error: openai.APIStatusError, variable: str) -> str | None:
    named = (REMEDIES.get(name) for name in (error.code, error.type, error.param) if name)
    return next(filter(None, named), None) or _remedy_by_status(error.status_code, variable)


def _remedy_by_status(status: int, variable: str) -> str | None:
    if status in (401, 403):
        return f"Check {variable}, and that it may use this model"
    if status == 404:
        return "Check the model's name, the base URL (most end in /v1), and `api`: some models need 'responses'"
    if status == 413:
        return TOO_LONG
    return redirect_remedy(status)
