"""The protocols the fault server speaks, one record each: how a plain answer and an error look on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.servers.faults import Answer, FaultServer, Seen, as_json, chat_body, echo, entry

USAGE_IN, USAGE_OUT = 7, 3


@dataclass(frozen=True)
class Wire:
    """One protocol."""

    name: str
    path: str
    """What a request's path ends with."""
    spec: Callable[[FaultServer], str]
    """The spec of a teacher that speaks it to this server."""
    keys: dict[str, str]
    """The environment it needs: keys that are no keys."""
    reply: Callable[[str, str], dict[str, Any]]
    """A 200's body: the text, and the finish reason in the provider's own word."""
    error: Callable[[int, str], dict[str, Any]]
    """An error's body: status and message."""
    stop: str
    """The finish reason of a whole answer."""


def chat_error(status: int, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "error", "code": str(status), "param": None}}


def responses_reply(text: str, reason: str = "completed", entries: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    whole = reason == "completed"
    return {
        "id": "resp-1",
        "object": "response",
        "created_at": 0,
        "model": "test-model",
        "status": "completed" if whole else "incomplete",
        "incomplete_details": None if whole else {"reason": reason},
        "error": None,
        "output": [
            {
                "type": "message",
                "id": "msg-1",
                "role": "assistant",
                "status": "completed" if whole else "incomplete",
                "content": [{"type": "output_text", "text": text, "annotations": [], "logprobs": list(entries)}],
            }
        ],
        "usage": {
            "input_tokens": USAGE_IN,
            "input_tokens_details": {"cached_tokens": 2},
            "output_tokens": USAGE_OUT,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": USAGE_IN + USAGE_OUT,
        },
    }


def anthropic_reply(text: str, reason: str = "end_turn") -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "test-model",
        "content": [{"type": "text", "text": text}],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": USAGE_IN - 2,
            "cache_read_input_tokens": 2,
            "cache_creation_input_tokens": 0,
            "output_tokens": USAGE_OUT,
        },
    }


def anthropic_error(status: int, message: str) -> dict[str, Any]:
    kinds = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error"}
    kinds |= {404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}
    return {"type": "error", "error": {"type": kinds.get(status, "api_error"), "message": message}}


def converse_reply(text: str, reason: str = "end_turn") -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": reason,
        "usage": {"inputTokens": USAGE_IN, "outputTokens": USAGE_OUT, "totalTokens": USAGE_IN + USAGE_OUT},
        "metrics": {"latencyMs": 1},
    }


def bedrock_error(status: int, message: str) -> dict[str, Any]:
    return {"message": message}


WIRES: dict[str, Wire] = {
    wire.name: wire
    for wire in (
        Wire(
            "chat",
            "/v1/chat/completions",
            lambda server: f"openai:test-model@{server.url}",
            {"OPENAI_API_KEY": "sk-no-key-000000"},
            lambda text, reason: chat_body(text, finish_reason=reason),
            chat_error,
            "stop",
        ),
        Wire(
            "anthropic",
            "/v1/messages",
            lambda server: f"anthropic:claude-test@{server.root}",
            {"ANTHROPIC_API_KEY": "sk-ant-no-key-000000"},
            anthropic_reply,
            anthropic_error,
            "end_turn",
        ),
        Wire(
            "converse",
            "/converse",
            lambda server: f"bedrock:amazon.nova-test-v1:0@{server.root}",
            {
                "AWS_ACCESS_KEY_ID": "no-key-000000",
                "AWS_SECRET_ACCESS_KEY": "no-secret-000000",
                "AWS_REGION": "us-east-1",
            },
            converse_reply,
            bedrock_error,
            "end_turn",
        ),
    )
}
"""By name. Responses and InvokeModel are chosen by an option or a model, so their adapters' tests ask for them."""

INVOKE = Wire(
    "invoke",
    "/invoke",
    lambda server: f"bedrock:arn:aws:bedrock:us-east-1:000000000000:imported-model/abcdefghijkl@{server.root}",
    WIRES["converse"].keys,
    lambda text, reason: chat_body(text, finish_reason=reason),
    bedrock_error,
    "stop",
)
"""What an imported model speaks: a chat completion inside InvokeModel."""


def wire_of(seen: Seen) -> Wire:
    """The protocol of a request, by its path."""
    return next(wire for wire in WIRES.values() if seen.path.split("?")[0].endswith(wire.path))


def echo_any(seen: Seen) -> Answer:
    """Answers with the last turn's text, on whichever protocol was spoken."""
    if seen.path.endswith("/v1/responses"):
        told = [entry(seen.turn, 0.0, {seen.turn: 0.0})] if seen.body.get("include") else []
        return as_json(responses_reply(seen.turn, entries=told))
    if seen.path.endswith(INVOKE.path):
        return echo(seen)
    wire = wire_of(seen)
    return as_json(wire.reply(seen.turn, wire.stop))


def fail_any(seen: Seen, status: int, message: str = "as commanded", **headers: str) -> Answer:
    """An error in the words of the protocol that was spoken."""
    return as_json(wire_of(seen).error(status, message), status, **headers)


def parse(answer: Answer) -> Any:
    """An answer's body as JSON."""
    return json.loads(answer.body)


def credentials_missing(seen: Seen) -> str | None:
    """What a request lacks of what its provider demands of every request; None where it has all."""
    authorization = seen.headers.get("authorization", "")
    if seen.path.endswith("/v1/messages"):
        keyed = "x-api-key" in seen.headers or authorization.startswith("Bearer ")
        needed = {"a key": keyed, "a version": "anthropic-version" in seen.headers}
    elif seen.path.startswith("/model/"):
        signed = authorization.startswith("AWS4-HMAC-SHA256 Credential=") and "/bedrock/aws4_request" in authorization
        dated = "x-amz-date" in seen.headers and "Signature=" in authorization
        needed = {"a signature": (signed and dated) or authorization.startswith("Bearer ")}
    else:
        needed = {"a bearer token": authorization.startswith("Bearer ") or "api-key" in seen.headers}
    return next((name for name, present in needed.items() if not present), None)
