"""The Responses protocol as two pure functions.

https://developers.openai.com/api/docs/api-reference/responses and the SDK's `types/responses`, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prompts.messages import to_dicts
from teachers.base import Outcome, Reply, Request, TokenLogprob, Usage
from teachers.errors import InvalidRequest, Malformed, RateLimited, TeacherError, Transient
from teachers.openai.parts import FILTERED, Read, json_schema, named_error, read_tokens
from teachers.transport.body import at, count, storable, string

LOGPROBS = "message.output_text.logprobs"

INCOMPLETE: Mapping[str | None, Outcome] = {"max_output_tokens": "truncated", "content_filter": "filtered"}
"""Outcomes by the reason for which a response is incomplete; for any other it is truncated, with a warning."""

FAILURES: Mapping[object, type[TeacherError]] = {
    "server_error": Transient,
    "vector_store_timeout": Transient,
    "rate_limit_exceeded": RateLimited,
}
"""Errors by their code, in a response that failed; FILTERED are answers, and all others are the request's fault."""


def to_wire(request: Request, *, cache_key: str | None = None) -> dict[str, Any]:
    """Returns the body of a request; what is None is not sent, and nothing is stored at the provider.

    System text goes into `input` as it stands in the conversation: `instructions` holds one text, always
    first, while a conversation may have several anywhere.
    """
    how = request.sampling
    body: dict[str, Any] = {
        "model": request.identity.model,
        "input": to_dicts(request.messages),
        "temperature": how.temperature,
        "top_p": how.top_p,
        "max_output_tokens": how.max_tokens,
        "top_logprobs": how.top_logprobs or None,
        "text": _text_format(request.schema),
        "prompt_cache_key": cache_key,
        "store": False,
    }
    if how.top_logprobs:
        body["include"] = [LOGPROBS]  # without it the number alone brings nothing
    if how.reasoning_effort is not None:
        body["reasoning"] = {"effort": how.reasoning_effort}
    return {name: value for name, value in body.items() if value is not None}


def from_wire(body: object, provider: str = "openai") -> Reply:
    """Returns the reply in a 200's body. Raises the error it names, or Malformed where it is no reply."""
    if not isinstance(body, dict):
        raise Malformed(f"answered a {type(body).__name__}, not an object", provider=provider)
    error, status = body.get("error"), string(body.get("status"))
    if error or status == "failed":
        return _failed(body, error, provider)
    if status in ("cancelled", "in_progress", "queued"):
        raise Transient(f"gave up: status '{status}'", provider=provider)
    output = body.get("output")
    if not isinstance(output, list):
        raise Malformed("answered without a list of outputs", provider=provider)
    parts = list(_parts(output, provider))
    # Reasoning that used up all tokens leaves no message, and is an answer that was cut off.
    if not parts and status != "incomplete" and not any(_is_message(item) for item in output):
        raise Malformed("answered without a message", provider=provider)
    return _reply(body, status, parts)


def _text_format(schema: str | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    return {"format": {"type": "json_schema", **json_schema(schema)}}


def _failed(body: Mapping[str, Any], error: object, provider: str) -> Reply:
    code = string(at(error, "code"))
    if code in FILTERED:
        return Reply("", "filtered", code, usage=_usage(body.get("usage")), request_id=string(body.get("id")))
    if not isinstance(error, dict) or code is None or code.isdecimal():
        raise named_error(error or "failed without a reason", provider)
    kind = FAILURES.get(code, InvalidRequest)
    raise kind(f"{error.get('message') or 'no reason given'} [{code}]", provider=provider)


def _is_message(item: object) -> bool:
    """Tells an output that is the answer: reasoning, tool calls and a model's commentary on its work are not."""
    return isinstance(item, dict) and item.get("type") == "message" and item.get("phase") != "commentary"


def _parts(output: list[Any], provider: str) -> Iterator[Mapping[str, Any]]:
    for item in output:
        if not _is_message(item):
            continue
        content = item.get("content")
        if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
            raise Malformed("answered a message without a list of parts", provider=provider)
        for part in content:
            if not isinstance(part.get("text", part.get("refusal", "")), str):
                raise Malformed("answered a message whose content is not text", provider=provider)
            yield part


def _reply(body: Mapping[str, Any], status: str | None, parts: list[Mapping[str, Any]]) -> Reply:
    texts = [part for part in parts if part.get("type") == "output_text"]
    refusal = "".join(part.get("refusal", "") for part in parts if part.get("type") == "refusal")
    outcome, finish_reason, warnings = _ending(status, body.get("incomplete_details"))
    text = storable(refusal or "".join(part.get("text", "") for part in texts))
    tokens: tuple[TokenLogprob, ...] = ()
    if refusal:
        outcome = "refused"
    else:
        tokens, unread = _tokens(texts)
        warnings = (*unread, *warnings)
    usage, request_id = _usage(body.get("usage")), string(body.get("id"))
    return Reply(text, outcome, finish_reason, tokens, usage, request_id=request_id, warnings=warnings)


def _ending(status: str | None, details: object) -> tuple[Outcome, str | None, tuple[str, ...]]:
    """Returns the outcome, the provider's own word for it, and a warning where that word is not known."""
    if status == "completed":
        return "ok", status, ()
    if status != "incomplete":
        return "ok", status, (f"unknown status '{status}'",)
    reason = string(at(details, "reason"))
    if reason in INCOMPLETE:
        return INCOMPLETE[reason], reason, ()
    return "truncated", reason, (f"unknown reason '{reason}'",)


def _tokens(texts: list[Mapping[str, Any]]) -> Read:
    tokens: list[TokenLogprob] = []
    warnings: list[str] = []
    for part in texts:
        read, unread = read_tokens(part.get("logprobs"))
        tokens += read
        warnings += unread
    return tuple(tokens), tuple(warnings)


def _usage(usage: object) -> Usage:
    return Usage(
        input_tokens=count(usage, "input_tokens"),
        cached_tokens=count(usage, "input_tokens_details", "cached_tokens"),
        output_tokens=count(usage, "output_tokens"),
        reasoning_tokens=count(usage, "output_tokens_details", "reasoning_tokens"),
        cache_write_tokens=count(usage, "input_tokens_details", "cache_write_tokens"),
    )
