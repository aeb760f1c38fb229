"""Records as providers write them: their fields, names and nesting, with made-up words and counts."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ACCOUNT = "111122223333"
HOUR = Path(f"AWSLogs/{ACCOUNT}/BedrockModelInvocationLogs/us-east-1/2026/11/20/07")
ANTHROPIC = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-sonnet-4-5-v1:0"


def invocation(
    operation: str, sent: Any, said: Any, model: str = "amazon.nova-lite-v1:0", **more: Any
) -> dict[str, Any]:
    """A line of a Bedrock model invocation log."""
    record = {
        "timestamp": "2026-11-20T07:02:03Z",
        "accountId": ACCOUNT,
        "identity": {"arn": f"arn:aws:iam::{ACCOUNT}:user/somebody"},
        "region": "us-east-1",
        "requestId": "ff4b6c63-5561-4431-93b8-06a817275900",
        "operation": operation,
        "modelId": model,
        "input": {
            "inputContentType": "application/json",
            "inputBodyJson": sent,
            "inputTokenCount": 4,
            "cacheReadInputTokenCount": 100,
            "cacheWriteInputTokenCount": 20,
        },
        "output": {"outputContentType": "application/json", "outputBodyJson": said, "outputTokenCount": 38},
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
    }
    return {**record, **more}


def converse(question: str, answer: str, *, stop: str = "end_turn", system: str | None = None) -> dict[str, Any]:
    """A Converse call; ConverseStream is logged in the same shape."""
    sent: dict[str, Any] = {
        "messages": [{"role": "user", "content": [{"text": question}]}],
        "inferenceConfig": {"maxTokens": 512, "temperature": 0.7, "topP": 0.9},
    }
    if system is not None:
        sent["system"] = [{"text": system}, {"cachePoint": {"type": "default"}}]
    return invocation("Converse", sent, converse_output([{"text": answer}], stop))


def converse_output(content: list[Any], stop: str = "end_turn") -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "metrics": {"latencyMs": 302},
        "usage": {"inputTokens": 4, "outputTokens": 38, "totalTokens": 42},
    }


def anthropic_input(question: str, **more: Any) -> dict[str, Any]:
    return {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 200,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": [{"type": "text", "text": question}]}],
        **more,
    }


def anthropic_events(*texts: str, stop: str = "end_turn") -> list[dict[str, Any]]:
    """What InvokeModelWithResponseStream logs: the events as they came."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": []}
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in texts
    ]
    return [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *deltas,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {"output_tokens": 9}},
        {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 4, "outputTokenCount": 9}},
    ]


def completion(question: str, answer: str | None, *, messages: Any = ..., **more: Any) -> dict[str, Any]:
    """A stored chat completion as GET /v1/chat/completions gives it, with its messages beside it."""
    message = {"id": "chatcmpl-1-0", "role": "user", "content": question, "name": None, "content_parts": None}
    record = {
        "object": "chat.completion",
        "id": "chatcmpl-1",
        "model": "gpt-4.1-2025-04-14",
        "created": 1763622123,
        "request_id": "req_1",
        "tool_choice": None,
        "usage": {"total_tokens": 31, "completion_tokens": 18, "prompt_tokens": 13},
        "seed": 11,
        "top_p": 1.0,
        "temperature": 0.5,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "system_fingerprint": "fp_1",
        "input_user": None,
        "service_tier": "default",
        "tools": None,
        "metadata": {},
        "choices": [
            {
                "index": 0,
                "message": {"content": answer, "role": "assistant", "tool_calls": None, "function_call": None},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "response_format": None,
        "messages": [message] if messages is ... else messages,
    }
    return {**record, **more}


def response(question: str, answer: str, **more: Any) -> dict[str, Any]:
    """A stored response with the input items of GET /v1/responses/ID/input_items?order=asc beside it."""
    said = {"type": "output_text", "text": answer, "annotations": []}
    item = {"id": "msg_0", "type": "message", "role": "user", "content": [{"type": "input_text", "text": question}]}
    record = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1763622123,
        "status": "completed",
        "incomplete_details": None,
        "instructions": "Be brief.",
        "max_output_tokens": None,
        "model": "gpt-5.4",
        "output": [
            {"id": "rs_1", "type": "reasoning", "summary": []},
            {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [said]},
        ],
        "previous_response_id": None,
        "temperature": 1.0,
        "top_p": 1.0,
        "usage": {
            "input_tokens": 36,
            "input_tokens_details": {"cached_tokens": 16, "cache_write_tokens": 0},
            "output_tokens": 87,
            "output_tokens_details": {"reasoning_tokens": 64},
            "total_tokens": 123,
        },
        "input_items": {"object": "list", "data": [item], "first_id": "msg_0", "last_id": "msg_0", "has_more": False},
    }
    return {**record, **more}


def write_jsonl(path: Path, records: Iterable[Any], *, packed: bool = False) -> Path:
    """One object a line, as it is or through gzip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(json.dumps(record) + "\n" for record in records).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    return path
