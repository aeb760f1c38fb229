"""The Chat Completions protocol as two pure functions, for every server that speaks it.

https://platform.openai.com/docs/api-reference/chat, read 2026-11-24. llama.cpp and vLLM add token ids.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from prompts.messages import to_dicts
from teachers.arrival import is_sentinel
from teachers.base import Alternative, Outcome, Reply, Request, TokenLogprob, Usage
from teachers.errors import Malformed, TeacherError, Transient
from teachers.http import error_for_status

OUTCOMES: Mapping[str | None, Outcome] = {"stop": "ok", "length": "truncated", "content_filter": "filtered"}
FAILURES = frozenset({"abort", "error"})
"""Finish reasons of vLLM and of routers that mean the server gave up."""


def to_wire(request: Request, *, limit: str = "max_tokens") -> dict[str, Any]:
    """The body of a request; what is None is not sent.

    `limit` names the field of the token limit: OpenAI's own endpoint takes `max_completion_tokens`
    (its reasoning models refuse the old name), most other servers know only `max_tokens`.
    """
    how = request.sampling
    body = {
        "model": request.identity.model,
        "messages": to_dicts(request.messages),
        "temperature": how.temperature,
        "top_p": how.top_p,
        limit: how.max_tokens,
        "seed": how.seed,
        "logprobs": True if how.top_logprobs else None,
        "top_logprobs": how.top_logprobs or None,
        "response_format": _response_format(request.schema),
    }
    return {name: value for name, value in body.items() if value is not None}


def from_wire(body: object, provider: str = "openai") -> Reply:
    """The reply in a 200's body. Raises the error it names, or Malformed where it is no reply."""
    if not isinstance(body, dict):
        raise Malformed(f"answered a {type(body).__name__}, not an object", provider=provider)
    if body.get("error"):
        raise _named_error(body["error"], provider)
    try:
        choice = body["choices"][0]
        message, finish_reason = choice["message"], _string(choice.get("finish_reason"))
        text, refusal = message.get("content"), message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise Malformed("answered without a choice that holds a message", provider=provider) from error
    if not isinstance(refusal or text or "", str):
        raise Malformed("answered a message whose content is not text", provider=provider)
    if finish_reason in FAILURES:
        raise Transient(f"gave up: finish_reason '{finish_reason}'", provider=provider)
    tokens, warnings = ((), ()) if refusal else _tokens(choice)
    known = finish_reason in OUTCOMES
    return Reply(
        text=_text(refusal or text or ""),
        outcome="refused" if refusal else OUTCOMES.get(finish_reason, "ok"),
        finish_reason=finish_reason,
        tokens=tokens,
        usage=_usage(body.get("usage")),
        request_id=_string(body.get("id")),
        warnings=warnings if known else (*warnings, f"unknown finish_reason '{finish_reason}'"),
    )


def _response_format(schema: str | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": json.loads(schema), "strict": True}}


def _named_error(error: object, provider: str) -> TeacherError:
    """Some servers and gateways answer 200 and put the failure in the body."""
    details: Mapping[str, object] = error if isinstance(error, dict) else {"message": error}
    code = details.get("code", details.get("status"))
    status = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdecimal()) else None
    if status is None:
        names = f"{code} {details.get('type')}"
        status = 429 if "rate_limit" in names else 400 if "invalid" in names else None
    kind = Transient if status is None else error_for_status(status)
    return kind(str(details.get("message") or error), provider=provider, status=status)


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _text(text: str) -> str:
    """JSON can carry half a surrogate pair, which is no UTF-8: it becomes '?' so that it can be stored."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _tokens(choice: Mapping[str, Any]) -> tuple[tuple[TokenLogprob, ...], tuple[str, ...]]:
    """The tokens of a choice; where they cannot be read the text is kept and a warning says so."""
    try:
        tokens = [_token(entry) for entry in (choice.get("logprobs") or {}).get("content") or ()]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return (), (f"logprobs dropped: they cannot be read ({type(error).__name__})",)
    # llama.cpp lists the end-of-turn token, which has no bytes; others do not.
    while tokens and not tokens[-1].bytes:
        tokens.pop()
    return tuple(tokens), ()


def _token(entry: Mapping[str, Any]) -> TokenLogprob:
    top = tuple(_alternative(other) for other in entry.get("top_logprobs") or ())
    sampled = _alternative(entry)
    if any(other.id == sampled.id is not None and other.bytes != sampled.bytes for other in top):
        # llama.cpp joins the tokens of one character into an entry with the last one's id and logprobs:
        # as alternatives to the whole character they would be false.
        return TokenLogprob(sampled.bytes, sampled.logprob)
    kept = tuple(other for other in top if not is_sentinel(other.logprob))
    return TokenLogprob(sampled.bytes, sampled.logprob, sampled.id, kept)


def _alternative(entry: Mapping[str, Any]) -> Alternative:
    raw = entry.get("bytes")
    data = _text(entry["token"]).encode() if raw is None else bytes(raw)
    return Alternative(data, float(entry["logprob"]), entry.get("id", entry.get("token_id")))


def _usage(usage: object) -> Usage:
    return Usage(
        input_tokens=_count(usage, "prompt_tokens"),
        cached_tokens=_count(usage, "prompt_tokens_details", "cached_tokens"),
        output_tokens=_count(usage, "completion_tokens"),
        reasoning_tokens=_count(usage, "completion_tokens_details", "reasoning_tokens"),
    )


def _count(value: object, *path: str) -> int | None:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, int) and value >= 0 else None
