"""Streamed answers as Bedrock logs them: a list of events, joined to what the plain call would have given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prompts.logs.logged import Unusable

Event = dict[str, Any]


def assemble(body: Any) -> Event:
    """Returns an output body as it is, or its events joined. ConverseStream is logged whole, InvokeModel's is not."""
    if isinstance(body, dict):
        return body
    if not isinstance(body, list):
        raise Unusable("unknown_family")
    events = [event for event in body if isinstance(event, dict)]
    if _has(events, "type"):
        return _anthropic(events)
    if _has(events, "contentBlockDelta", "messageStart"):
        return _nova(events)
    if _has(events, "generation"):
        return {"generation": _joined(events, "generation"), "stop_reason": _last(events, "stop_reason")}
    if _has(events, "outputs"):
        parts = [part for event in events for part in event.get("outputs") or ()]
        return {"outputs": [{"text": _joined(parts, "text"), "stop_reason": _last(parts, "stop_reason")}]}
    if _has(events, "choices"):
        return _chat(events)
    raise Unusable("unknown_family")


def _has(events: Sequence[Event], *names: str) -> bool:
    """Tells whether an event has one of these fields."""
    return any(name in event for event in events for name in names)


def _anthropic(events: Sequence[Event]) -> Event:
    content: list[Event] = []
    deltas: list[Event] = []
    for event in events:
        match event.get("type"):
            case "content_block_start":
                content.append(dict(event["content_block"]))
            case "content_block_delta" if "text" in event["delta"]:
                # Blocks come one after another: a delta belongs to the one that began last.
                content[-1]["text"] += event["delta"]["text"]
            case "message_delta":
                deltas.append(event["delta"])
    start = _last(events[::-1], "message") or {}
    return {"content": content, "stop_reason": _last(deltas, "stop_reason"), "model": start.get("model")}


def _nova(events: Sequence[Event]) -> Event:
    deltas = [delta["delta"] for delta in _all(events, "contentBlockDelta")]
    message = {"content": [{"text": _joined(deltas, "text")}]}
    reason = _last(_all(events, "messageStop"), "stopReason")
    usage = _last(_all(events, "metadata"), "usage")
    return {"output": {"message": message}, "stopReason": reason, "usage": usage}


def _chat(events: Sequence[Event]) -> Event:
    choices = [choice for event in events for choice in event.get("choices") or ()]
    # Some servers send a message in place of a delta.
    deltas = [choice.get("delta") or choice.get("message") or {} for choice in choices]
    calls = [call for delta in deltas for call in delta.get("tool_calls") or ()]
    message = {"content": _joined(deltas, "content"), "tool_calls": calls}
    reason = _last(choices, "finish_reason") or _last(choices, "stop_reason")
    return {"choices": [{"message": message, "finish_reason": reason}], "model": _last(events, "model")}


def _all(events: Sequence[Event], name: str) -> list[Event]:
    return [event[name] for event in events if name in event]


def _joined(parts: Sequence[Event], name: str) -> str:
    return "".join(part.get(name) or "" for part in parts)


def _last(parts: Sequence[Event], name: str) -> Any:
    """Returns the last value that is not null."""
    for part in reversed(parts):
        if part.get(name) is not None:
            return part[name]
    return None
