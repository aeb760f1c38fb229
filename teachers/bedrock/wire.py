"""Bedrock's two protocols, Converse and InvokeModel, as pure functions.

Converse: botocore 1.44.5's service model and
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, read 2026-11-24.

InvokeModel carries a body that each model family shapes for itself. Only imported models return logprobs there:
https://docs.aws.amazon.com/bedrock/latest/userguide/custom-model-import-advanced-features.html, read 2026-11-24. They
take three kinds of body. With `messages` it is a chat completion, whose logprobs hold the tokens' text and bytes:
that one is spoken here. With `prompt` and `max_gen_len`, `return_logprobs: true` gives one logprob a token
under the token's id alone, `[{"362": -2.14}, ...]`: no bytes, no alternatives, no chat template.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from teachers.base import Outcome, Reply, Request, Usage
from teachers.errors import Malformed
from teachers.openai import chat_wire
from teachers.transport.body import count, storable, string

OUTCOMES: Mapping[str | None, Outcome] = {
    "end_turn": "ok",
    "stop_sequence": "ok",
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "guardrail_intervened": "filtered",
    "content_filtered": "filtered",
    "refusal": "refused",  # Anthropic's own word; the service model does not list it
}
FAILURES: Mapping[str | None, str] = {
    "malformed_model_output": "the model's output could not be read",
    "malformed_tool_use": "the model called a tool in a way that could not be read",
    "tool_use": "the model called a tool, and was given none",
}
"""Stop reasons that leave no answer."""

CACHE_POINT = {"cachePoint": {"type": "default"}}


def to_wire(request: Request, *, cache_prefix: bool = False) -> dict[str, Any]:
    """Returns the arguments of Converse; what is None is not sent.

    `cache_prefix` marks the end of what all prompts share: the system text and every turn but the last.
    A prefix below the model's minimum (1,000 to 4,096 tokens) is answered and not cached.
    """
    system: list[dict[str, Any]] = [{"text": turn.content} for turn in request.messages if turn.role == "system"]
    # Converse has no system turn among its messages.
    turns = [turn for turn in request.messages if turn.role != "system"]
    messages = [{"role": turn.role, "content": [_text_block(turn.content)]} for turn in turns]
    if cache_prefix:
        _mark_prefix(system, messages)
    body = {
        "modelId": request.identity.model,
        "messages": messages,
        "system": system,
        "inferenceConfig": _inference_config(request),
        "outputConfig": _output_config(request),
    }
    return {name: value for name, value in body.items() if value}


def from_wire(body: object) -> Reply:
    """Returns the reply in a Converse body; Malformed where it is none. Reasoning is not part of the text."""
    if not isinstance(body, dict):
        raise Malformed(f"answered a {type(body).__name__}, not an object", provider="bedrock")
    try:
        text = "".join(_text(block) for block in body["output"]["message"]["content"])
    except (KeyError, TypeError, AttributeError) as error:
        problem = "answered without an output message"
        if isinstance(body.get("message"), str):
            problem = f"{problem}: {body['message']}"
        raise Malformed(problem, provider="bedrock") from error
    reason = string(body.get("stopReason"))
    if reason in FAILURES:
        raise Malformed(f"{FAILURES[reason]}: stop reason '{reason}'", provider="bedrock")
    usage = _usage(body.get("usage"))
    if reason in OUTCOMES:
        return Reply(storable(text), OUTCOMES[reason], reason, usage=usage)
    return Reply(storable(text), "ok", reason, usage=usage, warnings=(f"unknown stop reason '{reason}'",))


def to_invoke(request: Request) -> dict[str, Any]:
    """Returns the body of InvokeModel for an imported model: a chat completion, the model being in the path."""
    body = chat_wire.to_wire(request)
    body.pop("model", None)
    return body


def from_invoke(body: object) -> Reply:
    """Returns the reply of an imported model; raises what `chat_wire.from_wire` does."""
    return chat_wire.from_wire(body, "bedrock")


def _mark_prefix(system: list[dict[str, Any]], messages: list[dict[str, Any]]) -> None:
    # One mark is enough: the cache is looked up at the blocks before it as well.
    prefix = system
    if len(messages) > 1:
        prefix = messages[-2]["content"]
    if prefix:
        prefix.append(CACHE_POINT)


def _text_block(text: str) -> dict[str, Any]:
    return {"text": text}


def _inference_config(request: Request) -> dict[str, Any]:
    how = request.sampling
    config = {"temperature": how.temperature, "topP": how.top_p, "maxTokens": how.max_tokens}
    return {name: value for name, value in config.items() if value is not None}


def _output_config(request: Request) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if request.schema is not None:
        # Here the schema travels as a string, unlike in every other API.
        structure = {"jsonSchema": {"name": "reply", "schema": request.schema}}
        config["textFormat"] = {"type": "json_schema", "structure": structure}
    if request.sampling.reasoning_effort is not None:
        config["effort"] = request.sampling.reasoning_effort
    return config


def _text(block: Mapping[str, Any]) -> str:
    """Returns a block's text; a text with citations comes in parts. Other blocks have none."""
    parts = [block]
    if "citationsContent" in block:
        parts = block["citationsContent"].get("content") or []
    return "".join(part.get("text") or "" for part in parts)


def _usage(usage: object) -> Usage:
    """`inputTokens` counts only what was neither read from the cache nor written to it.

    https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html, read 2026-11-24.
    """
    whole, read = count(usage, "inputTokens"), count(usage, "cacheReadInputTokens")
    written = count(usage, "cacheWriteInputTokens")
    if whole is not None:
        whole += (read or 0) + (written or 0)
    return Usage(
        input_tokens=whole,
        cached_tokens=read,
        output_tokens=count(usage, "outputTokens"),
        cache_write_tokens=written,
    )
