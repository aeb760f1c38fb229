"""Anthropic's Messages protocol as two pure functions, for every server that speaks it.

https://platform.claude.com/docs/en/api/messages, API version 2026-10-21, read 2026-11-24.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from prompts.messages import to_dicts
from teachers.base import Outcome, Reply, Request, Usage
from teachers.errors import AuthError, Malformed, TeacherError
from teachers.transport.body import at, count, storable, string
from teachers.transport.http import error_for_status, redirect_remedy

PROVIDER = "anthropic"

OUTCOMES: Mapping[str | None, Outcome] = {
    "end_turn": "ok",
    "stop_sequence": "ok",
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "pause_turn": "truncated",
    "refusal": "refused",
}

THINKING = frozenset({"thinking", "redacted_thinking"})
"""The blocks of a reply that are not its answer."""

BETWEEN_TOOLS = ("*claude-sonnet-5-5*",)
"""Models that think least under this name; the others take "disabled"."""
EFFORT_ONLY = ("*claude-opus-4-5*",)
"""Models that have efforts but no adaptive thinking."""

STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "memory_path_conflict_error": 409,
    "memory_precondition_failed_error": 412,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status each type of error comes with, for errors inside a 200."""

NO_MORE = frozenset({"enforced_spend_limit_reached", "contract_spend_limit_reached", "organization_on_hold"})
"""Codes of errors that neither waiting nor another prompt cures."""

# A 400 like any other but for its words, without a code (anthropics/claude-code issues 66314 and 91322).
_NO_CREDIT = re.compile("credit balance is too low|reached your specified .*usage limits", re.IGNORECASE)
_TOO_LONG = re.compile("prompt is too long|exceeds? (the )?(available )?context", re.IGNORECASE)
_SCHEMA = re.compile("output_config|json.?schema", re.IGNORECASE)


def to_wire(request: Request, *, cache_prefix: bool = False) -> dict[str, Any]:
    """Returns the body of a request; what is None is not sent.

    `cache_prefix` marks the end of what prompts of one template share: the system text and every message
    but the last. A prefix below the model's minimum is not cached and costs nothing more.
    """
    how, messages = request.sampling, to_dicts(request.messages)
    system = None
    if messages[0]["role"] == "system":  # here system text is a field of its own
        system = messages.pop(0)["content"]
    body: dict[str, Any] = {
        "model": request.identity.model,
        "max_tokens": how.max_tokens,
        "system": system or None,
        "messages": messages,
        "temperature": how.temperature,
        "top_p": how.top_p,
        "thinking": _thinking(request.identity.model, how.reasoning_effort),
        "output_config": _output_config(request),
    }
    if cache_prefix:
        _mark_prefix(body)
    return {name: value for name, value in body.items() if value is not None}


def from_wire(body: object) -> Reply:
    """Returns the reply in a 200's body. Raises the error it names, or Malformed where it is no reply."""
    if not isinstance(body, dict):
        raise Malformed(f"answered a {type(body).__name__}, not an object", provider=PROVIDER)
    if body.get("error"):
        raise error_in(body)
    stop_reason = string(body.get("stop_reason"))
    if stop_reason == "tool_use":
        raise Malformed("stopped to call a tool, and was given none", provider=PROVIDER)
    text, warnings = _text(body.get("content"))
    if stop_reason not in OUTCOMES:
        warnings.append(f"unknown stop_reason '{stop_reason}'")
    return Reply(
        text=storable(text),
        outcome=OUTCOMES.get(stop_reason, "ok"),
        finish_reason=stop_reason,
        usage=_usage(body.get("usage")),
        request_id=string(body.get("id")),
        warnings=(*warnings, *_refusal(body.get("stop_details"))),
    )


def error_in(
    body: object, status: int | None = None, *, reason: str = "no reason given", retry_after_s: float | None = None
) -> TeacherError:
    """Returns the error that a body names.

    `status` is the response's own, None inside a 200. `reason` stands for a message.
    """
    error = at(body, "error")
    if not isinstance(error, dict):
        error = {"message": error}  # some gateways write the bare message there
    message = string(error.get("message")) or reason
    if status is None:
        status = STATUSES.get(string(error.get("type")) or "")
    kind, remedy = error_for_status(status), _remedy(status, message)
    if at(error, "details", "error_code") in NO_MORE or _NO_CREDIT.search(message):
        kind, remedy = AuthError, "Add credit or raise the limit, or use another key"
    message = storable(message).strip().rstrip(".")
    return kind(message, provider=PROVIDER, status=status, retry_after_s=retry_after_s, remedy=remedy)


def _thinking(model: str, effort: str | None) -> dict[str, str] | None:
    """Asks a model to think where an effort is wanted, which is about how long it thinks, also if it would not."""
    if effort is None:
        return None
    if effort != "none":
        return None if _is_any(model, EFFORT_ONLY) else {"type": "adaptive"}
    if _is_any(model, BETWEEN_TOOLS):
        return {"type": "between_tools"}
    return {"type": "disabled"}


def _output_config(request: Request) -> dict[str, Any] | None:
    config: dict[str, Any] = {}
    if request.sampling.reasoning_effort not in (None, "none"):
        config["effort"] = request.sampling.reasoning_effort
    if request.schema is not None:
        config["format"] = {"type": "json_schema", "schema": json.loads(request.schema)}
    return config or None


def _mark_prefix(body: dict[str, Any]) -> None:
    shared = body["messages"][:-1]
    if shared and shared[-1]["content"]:
        shared[-1]["content"] = _marked(shared[-1]["content"])
    elif body["system"]:
        body["system"] = _marked(body["system"])


def _marked(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]


def _is_any(model: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(model, pattern) for pattern in patterns)


def _text(content: object) -> tuple[str, list[str]]:
    """Returns the text blocks joined, and a warning for each block that is neither text nor thinking."""
    if not isinstance(content, Sequence) or isinstance(content, str):
        raise Malformed("answered without a list of content blocks", provider=PROVIDER)
    texts, warnings = [], []
    for block in content:
        kind, text = string(at(block, "type")), string(at(block, "text"))
        if kind is None or (kind == "text" and text is None):
            raise Malformed("answered a content block that cannot be read", provider=PROVIDER)
        if kind == "text" and text is not None:
            texts.append(text)
        elif kind not in THINKING:
            warnings.append(f"left out a '{kind}' block")
    return "".join(texts), warnings


def _refusal(details: object) -> list[str]:
    """Says why it refused, in the provider's words."""
    category, explanation = string(at(details, "category")), string(at(details, "explanation"))
    words = ": ".join(filter(None, (category, explanation)))
    if not words:
        return []
    return [storable(f"refused: {words}")]


def _usage(usage: object) -> Usage:
    """Adds up the input: the API counts what was read from the cache, what was written to it, and the rest apart."""
    whole, read = count(usage, "input_tokens"), count(usage, "cache_read_input_tokens")
    written = count(usage, "cache_creation_input_tokens")
    if whole is not None:
        whole += (read or 0) + (written or 0)
    return Usage(
        input_tokens=whole,
        cached_tokens=read,
        output_tokens=count(usage, "output_tokens"),
        reasoning_tokens=count(usage, "output_tokens_details", "thinking_tokens"),
        cache_write_tokens=written,
    )


def _remedy(status: int | None, message: str) -> str | None:
    if status in (401, 403):
        return "Check ANTHROPIC_API_KEY, and that it may use this model"
    if status == 404:
        return "Check the model's name and the base URL"
    if status == 413 or _TOO_LONG.search(message):
        return "Shorten the prompt, lower max_tokens, or use a model with a longer context"
    if status == 400 and _SCHEMA.search(message):
        return (
            "Change json_schema to what the API takes: platform.claude.com/docs/en/build-with-claude/structured-outputs"
        )
    return redirect_remedy(status)
