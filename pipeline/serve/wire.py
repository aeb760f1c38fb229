"""A chat completion's request and answer, as the cascade reads and writes them. Pure."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prompts.messages import Conversation, Message, from_dicts
from teachers.base import Reply, Sampling

FIELDS = frozenset(
    {"model", "messages", "stream", "stream_options", "user", "metadata", "store"}
    | {
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "seed",
        "reasoning_effort",
        "response_format",
        "n",
    }
)
"""The fields that are read, or that change no answer."""

ROLES: Mapping[str, str] = {"developer": "system"}
"""OpenAI's newer word for the system turn."""


@dataclass(slots=True, frozen=True)
class Asked:
    """A request, read."""

    messages: Conversation
    sampling: Sampling
    schema: str | None
    stream: bool
    with_usage: bool
    """The stream is to end with the tokens used."""


@dataclass(slots=True, frozen=True)
class Answered:
    """An answer, who gave it, and how sure the student was."""

    reply: Reply
    by: str
    """student or teacher."""
    model: str
    confidence: float | None
    """Of the student's answer, whoever answered; None where it gave none, or no logprobs."""


def read_request(body: Mapping[str, Any]) -> Asked:
    """Reads a request; ValueError names what the cascade cannot honour: nothing is dropped without a word."""
    # A null is what a client sends for a field that it does not set.
    unknown = sorted(name for name, value in body.items() if name not in FIELDS and value is not None)
    if unknown:
        raise ValueError(f"the cascade does not take '{unknown[0]}': ask the student's or the teacher's own endpoint")
    if body.get("n") not in (None, 1):
        raise ValueError("the cascade gives one choice: leave 'n' unset")
    sampling = Sampling(
        temperature=_number(body, "temperature"),
        top_p=_number(body, "top_p"),
        max_tokens=_limit(body),
        seed=body.get("seed"),
        reasoning_effort=body.get("reasoning_effort"),
    )
    messages = tuple(map(_message, body["messages"]))
    if not messages:
        raise ValueError("'messages' is empty")
    stream_options = body.get("stream_options") or {}
    with_usage = bool(stream_options.get("include_usage"))
    return Asked(messages, sampling, _schema(body.get("response_format")), bool(body.get("stream")), with_usage)


def completion(answered: Answered, threshold: float) -> dict[str, Any]:
    """Writes the answer as a chat completion. The field `stillhouse` says who answered and how sure the student was."""
    choice = {"index": 0, "message": _message_of(answered), "finish_reason": _finish(answered.reply)}
    return {**_head(answered, threshold, "chat.completion"), "choices": [choice], "usage": _usage(answered.reply)}


def chunks(answered: Answered, threshold: float, *, with_usage: bool) -> Sequence[dict[str, Any]]:
    """Writes the answer as a stream: the whole text at once, for it was checked whole."""
    head = _head(answered, threshold, "chat.completion.chunk")
    # As OpenAI's own streams end: the reason comes in a part of its own.
    text = {"index": 0, "delta": _message_of(answered), "finish_reason": None}
    end = {"index": 0, "delta": {"role": "assistant"}, "finish_reason": _finish(answered.reply)}
    parts = [{**head, "choices": [text]}, {**head, "choices": [end]}]
    if with_usage:
        parts.append({**head, "choices": [], "usage": _usage(answered.reply)})
    return parts


def _head(answered: Answered, threshold: float, kind: str) -> dict[str, Any]:
    who = {"answered_by": answered.by, "confidence": answered.confidence, "threshold": threshold}
    head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time())}
    return {**head, "model": answered.model, "stillhouse": who}


def _message_of(answered: Answered) -> dict[str, Any]:
    message = {"role": "assistant", "content": answered.reply.text}
    if answered.reply.outcome == "refused":
        message["refusal"] = answered.reply.text
    return message


def _finish(reply: Reply) -> str:
    # A refusal is a whole answer: OpenAI says `stop` and puts it in `refusal`.
    return {"truncated": "length", "filtered": "content_filter"}.get(reply.outcome, "stop")


def _usage(reply: Reply) -> dict[str, int]:
    # The protocol's counts are never null: what nobody counted is 0 here.
    used, made = reply.usage.input_tokens or 0, reply.usage.output_tokens or 0
    return {"prompt_tokens": used, "completion_tokens": made, "total_tokens": used + made}


def _message(message: Mapping[str, Any]) -> Message:
    role = str(message.get("role"))
    content = message.get("content")
    return from_dicts([{"role": ROLES.get(role, role), "content": _text(content)}])[0]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or any(part.get("type") != "text" for part in content):
        raise ValueError("the cascade reads text alone: give 'content' as a string")
    return "".join(part["text"] for part in content)


def _limit(body: Mapping[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        if body.get(name) is not None:  # a null is not given, as for OpenAI
            return int(body[name])
    return None


def _number(body: Mapping[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    return float(value)


def _schema(wanted: Mapping[str, Any] | None) -> str | None:
    """Reads the JSON schema of a `response_format`, as canonical JSON; None where text is asked for."""
    kind = (wanted or {}).get("type", "text")
    if wanted is None or kind == "text":
        return None
    if kind != "json_schema":
        raise ValueError(f"the cascade does not take the response_format '{kind}': use json_schema")
    # Canonical: equal schemas are one request, however a client orders their keys.
    return json.dumps(wanted["json_schema"]["schema"], sort_keys=True, separators=(",", ":"))
