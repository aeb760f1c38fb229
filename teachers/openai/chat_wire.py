"""The Chat Completions protocol as two pure functions, for every server that speaks it.

https://developers.openai.com/api/docs/api-reference/chat, read 2026-11-24. llama.cpp and vLLM add token ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prompts.messages import to_dicts
from teachers.base import Outcome, Reply, Request, TokenLogprob, Usage
from teachers.errors import Malformed, Transient
from teachers.openai.parts import FILTERED, Read, json_schema, named_error, read_tokens
from teachers.openai.token_fit import fit_reply
from teachers.transport.body import count, storable, string

OUTCOMES: Mapping[str | None, Outcome] = {"stop": "ok", "length": "truncated", "content_filter": "filtered"}
FAILURES = frozenset({"abort", "error"})
"""Finish reasons of vLLM, SGLang and of routers that mean the server gave up."""


def to_wire(request: Request, *, limit: str = "max_tokens", cache_key: str | None = None) -> dict[str, Any]:
    """Returns the body of a request; what is None is not sent.

    `limit` names the field of the token limit: OpenAI's own endpoint takes `max_completion_tokens`
    (its reasoning models refuse the old name), most other servers know only `max_tokens`. `cache_key`
    is OpenAI's own too.
    """
    how = request.sampling
    body = {
        "model": request.identity.model,
        "messages": to_dicts(request.messages),
        "temperature": how.temperature,
        "top_p": how.top_p,
        limit: how.max_tokens,
        "seed": how.seed,
        "logprobs": bool(how.top_logprobs) or None,
        "top_logprobs": how.top_logprobs or None,
        "reasoning_effort": how.reasoning_effort,
        "response_format": _response_format(request.schema),
        "prompt_cache_key": cache_key,
    }
    return {name: value for name, value in body.items() if value is not None}


def from_wire(body: object, provider: str = "openai") -> Reply:
    """Returns the reply in a 200's body. Raises the error it names, or Malformed where it is no reply."""
    if not isinstance(body, dict):
        raise Malformed(f"answered a {type(body).__name__}, not an object", provider=provider)
    if body.get("error"):
        return _failed(body["error"], provider)
    try:
        choice = body["choices"][0]
        message, finish_reason = choice["message"], string(choice.get("finish_reason"))
        text, refusal = message.get("content"), message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise Malformed("answered without a choice that holds a message", provider=provider) from error
    if not isinstance(refusal or text or "", str):
        raise Malformed("answered a message whose content is not text", provider=provider)
    if finish_reason in FAILURES:
        raise Transient(f"gave up: finish_reason '{finish_reason}'", provider=provider)
    outcome, warnings = _ending(finish_reason)
    text = storable(refusal or text or "")
    tokens: tuple[TokenLogprob, ...] = ()
    if refusal:
        outcome = "refused"  # its words are in a field of their own, which has no logprobs
    else:
        tokens, unread = _tokens(choice, text)
        warnings = (*unread, *warnings)
    usage, request_id = read_usage(body.get("usage")), string(body.get("id"))
    return Reply(text, outcome, finish_reason, tokens, usage, request_id=request_id, warnings=warnings)


def _ending(finish_reason: str | None) -> tuple[Outcome, tuple[str, ...]]:
    """Returns the outcome that a finish reason stands for, with a warning where it is not known."""
    if finish_reason in OUTCOMES:
        return OUTCOMES[finish_reason], ()
    return "ok", (f"unknown finish_reason '{finish_reason}'",)


def read_usage(usage: object) -> Usage:
    """Returns the tokens as Chat Completions counts them."""
    return Usage(
        input_tokens=count(usage, "prompt_tokens"),
        cached_tokens=count(usage, "prompt_tokens_details", "cached_tokens"),
        output_tokens=count(usage, "completion_tokens"),
        reasoning_tokens=count(usage, "completion_tokens_details", "reasoning_tokens"),
        cache_write_tokens=count(usage, "prompt_tokens_details", "cache_write_tokens"),
    )


def _response_format(schema: str | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    return {"type": "json_schema", "json_schema": json_schema(schema)}


def _failed(error: object, provider: str) -> Reply:
    if isinstance(error, dict) and error.get("code") in FILTERED:
        return Reply("", "filtered", str(error["code"]))
    raise named_error(error, provider)


def _tokens(choice: Mapping[str, Any], text: str) -> Read:
    """Returns the tokens of the text, as far as they can be read and fitted; the check on arrival drops the others."""
    entries, ids = choice.get("logprobs"), choice.get("token_ids")
    if isinstance(entries, dict):
        entries = entries.get("content")
    if not isinstance(ids, list):
        ids = []
    tokens, warnings = read_tokens(entries, ids)
    if b"".join(token.bytes for token in tokens) == text.encode() and all(token.bytes for token in tokens):
        return tokens, warnings
    message = choice["message"]
    thought = bool(message.get("reasoning") or message.get("reasoning_content"))
    fitted = fit_reply(tokens, text, stopped=choice.get("finish_reason") == "stop", thought=thought)
    if fitted is None:
        return tokens, warnings
    return fitted, warnings
