"""Conversations out of the shapes in which providers carry them: strings, parts and blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prompts.logs.logged import Unusable
from prompts.messages import Conversation, Message, Role

_ROLES: dict[object, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_TOOL_ROLES = frozenset({"tool", "function"})
_SILENT = frozenset({"thinking", "redacted_thinking", "reasoning"})
_SILENT_KEYS = frozenset({"cachePoint", "reasoningContent"})
"""Blocks that are no part of what was said: thoughts, and marks for the cache."""


def text_of(content: object, between: str = "\n") -> str:
    """Returns the text of a turn: a string, or its text parts joined.

    Raises Unusable: `tool_use` where a part is a call or its result, `not_text` for images and other media.
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise Unusable("not_text")
    parts = [_part(item) for item in content]
    return between.join(part for part in parts if part is not None)


def _part(item: object) -> str | None:
    """Returns the text of one part; None where it is no part of what was said."""
    if isinstance(item, str):
        return item
    if not isinstance(item, dict):
        raise Unusable("not_text")
    # OpenAI and Anthropic name a part's kind in `type`, Converse by the key that it has.
    kind = str(item.get("type") or "")
    if kind in _SILENT or _SILENT_KEYS & item.keys():
        return None
    if "tool" in kind or "function" in kind or {"toolUse", "toolResult"} & item.keys():
        raise Unusable("tool_use")
    if isinstance(item.get("guardContent"), dict):  # Converse: text that a guardrail is to look at
        item = item["guardContent"].get("text") or {}
    text = item.get("text")
    if kind == "refusal":
        text = item.get("refusal")
    if not isinstance(text, str):
        raise Unusable("not_text")
    return text


def conversation(messages: Iterable[Mapping[str, Any]], system: object = None) -> Conversation:
    """Returns the turns as sent, `system` first where it stands apart.

    Raises Unusable where they are not plain text turns, or do not end in a user turn that says something.
    """
    turns = (*_system_turn(system), *_turns(messages))
    if not turns or turns[-1].role != "user":
        raise Unusable("no_user_turn")
    if not turns[-1].content.strip():
        raise Unusable("empty_prompt")
    return turns


def _system_turn(system: object) -> Conversation:
    if not system:
        return ()
    text = text_of(system)
    if not text:
        return ()
    return (Message("system", text),)


def _turns(messages: Iterable[Mapping[str, Any]]) -> Iterator[Message]:
    for message in messages:
        role = message.get("role")
        if role in _TOOL_ROLES or message.get("tool_calls") or message.get("function_call"):
            raise Unusable("tool_use")
        if role not in _ROLES:
            raise Unusable("unknown_role")
        # A stored completion's message has its parts beside a content that is then null or a rendering.
        content = message.get("content_parts") or message.get("content")
        if content is None:
            content = message.get("refusal") or ""
        yield Message(_ROLES[role], text_of(content))
