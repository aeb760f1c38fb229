"""Streamed answers as Bedrock logs them: a list of events, joined to what the plain call would have given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prompts.logs.logged import Unusable

Event = dict[str, Any]


def whole(body: Any) -> Event:
    """The output body itself, or its events joined. ConverseStream is logged whole, InvokeModel's is not."""
    if isinstance(body, dict):
        return body
    events = [event for event in body if isinstance(event, dict)] if isinstance(body, list) else []
    if any("type" in event for event in events):
        return _anthropic(events)
    if any("contentBlockDelta" in event or "messageStart" in event for event in events):
        return _nova(events)
    if any("generation" in event for event in events):
        return {"generation": _joined(events, "generation"), "stop_reason": _last(events, "stop_reason")}
    if any("outputs" in event for event in events):
        parts = [part for event in events for part in event.get("outputs") or ()]
        return {"outputs": [{"text": _joined(parts, "text"), "stop_reason": _last(parts, "stop_reason")}]}
    if any("choices" in event for event in events):
        return _chat(events)
    raise Unusable("unknown_family")


def _anthropic(events: Sequence[Event]) -> Event:
    content: list[Event] = []
    for event in events:
        if event.get("type") == "content_block_start":
            content.append(dict(event["content_block"]))
        elif event.get("type") == "content_block_delta" and "text" in event["delta"]:
            content[-1]["text"] += event["delta"]["text"]
    start: Event = next((event["message"] for event in events if "message" in event), {})
    deltas = [event["delta"] for event in events if event.get("type") == "message_delta"]
    return {"content": content, "stop_reason": _last(deltas, "stop_reason"), "model": start.get("model")}


def _nova(events: Sequence[Event]) -> Event:
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    stops = [event["messageStop"] for event in events if "messageStop" in event]
    counts = [event["metadata"] for event in events if "metadata" in event]
    message = {"content": [{"text": _joined(deltas, "text")}]}
    return {"output": {"message": message}, "stopReason": _last(stops, "stopReason"), "usage": _last(counts, "usage")}


def _chat(events: Sequence[Event]) -> Event:
    choices = [choice for event in events for choice in event.get("choices") or ()]
    deltas = [choice.get("delta") or choice.get("message") or {} for choice in choices]
    calls = [call for delta in deltas for call in delta.get("tool_calls") or ()]
    message = {"content": _joined(deltas, "content"), "tool_calls": calls}
    reason = _last(choices, "finish_reason") or _last(choices, "stop_reason")
    return {"choices": [{"message": message, "finish_reason": reason}], "model": _last(events, "model")}


def _joined(parts: Sequence[Event], name: str) -> str:
    return "".join(part.get(name) or "" for part in parts)


def _last(parts: Sequence[Event], name: str) -> Any:
    return next((part[name] for part in reversed(parts) if part.get(name) is not None), None)
