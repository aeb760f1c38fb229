"""OpenAI's shapes: stored chat completions, stored responses, fine-tuning chats.

The API gives a stored object and what was sent for it at two addresses; a line holds the object with the
second beside it: `messages` (chat/completions/ID/messages) or `input_items` (responses/ID/input_items).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from prompts.logs.conversation import conversation, text_of
from prompts.logs.logged import Counted, Logged, Sampled, Unusable, count, ending, number, reply_or_none, word


def read_completion(body: Mapping[str, Any]) -> Iterator[Logged]:
    """A chat.completion with its input: a call for each of its choices. Unusable where there is none."""
    messages = _listed(body.get("messages"), body.get("input"))
    if messages is None:
        raise Unusable("no_messages")
    choices = body["choices"]
    if not choices:
        raise Unusable("no_choice")
    if messages and messages[-1].get("role") == "assistant" and _said(messages[-1], choices):
        messages = messages[:-1]
    turns = conversation(messages)
    for choice in choices:
        text, ended, finish_reason = read_choice(choice)
        yield Logged(
            messages=turns,
            reply=reply_or_none(text, ended),
            ended=ended,
            finish_reason=finish_reason,
            provider="openai",
            model=word(body.get("model")),
            usage=read_usage(body.get("usage")),
            sampling=_sampling(body),
            created_at=_moment(body.get("created")),
            request_id=word(body.get("id")),
        )


def read_choice(choice: Mapping[str, Any]) -> tuple[str, Any, str | None]:
    """A choice's text, how it ended, and its finish reason (Mistral's servers say stop_reason)."""
    message = choice["message"]
    finish_reason = word(choice.get("finish_reason") or choice.get("stop_reason"))
    if message.get("tool_calls") or message.get("function_call"):
        raise Unusable("tool_use")
    if message.get("refusal"):
        return text_of(message["refusal"]), "refused", finish_reason
    return text_of(message.get("content") or "", ""), ending(finish_reason), finish_reason


def read_usage(usage: Any) -> Counted:
    """Token counts of a chat completion."""
    usage = usage or {}
    details, more = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    return Counted(
        input_tokens=count(usage.get("prompt_tokens")),
        cached_tokens=count(details.get("cached_tokens")),
        output_tokens=count(usage.get("completion_tokens")),
        reasoning_tokens=count(more.get("reasoning_tokens")),
        cache_write_tokens=count(details.get("cache_write_tokens")),
    )


def read_response(body: Mapping[str, Any]) -> Iterator[Logged]:
    """A response with its input items, oldest first; Unusable where earlier turns stand in another object."""
    if body.get("previous_response_id") or body.get("conversation"):
        raise Unusable("earlier_turns_elsewhere")
    items = body.get("input_items") or body.get("input")
    sent = [{"role": "user", "content": items}] if isinstance(items, str) else _listed(items)
    if sent is None:
        raise Unusable("no_messages")
    instructions = body.get("instructions")
    if isinstance(instructions, list):
        sent, instructions = [*instructions, *sent], None
    said = [part for item in _spoken(body["output"]) for part in item["content"]]
    reason = (body.get("incomplete_details") or {}).get("reason")
    refused = any(part.get("type") == "refusal" for part in said)
    ended = "refused" if refused else ending(reason)
    yield Logged(
        messages=conversation(_spoken(sent), instructions),
        reply=reply_or_none(text_of(said, ""), ended),
        ended=ended,
        finish_reason=word(reason or body.get("status")),
        provider="openai",
        model=word(body.get("model")),
        usage=_response_usage(body.get("usage")),
        sampling=_sampling(body),
        created_at=_moment(body.get("created_at")),
        request_id=word(body.get("id")),
    )


def read_chat(body: Mapping[str, Any]) -> Iterator[Logged]:
    """A fine-tuning chat, `{"messages": [...]}`: a last assistant turn is the reply."""
    messages = _listed(body["messages"]) or []
    if messages and messages[-1].get("role") == "assistant":
        text, ended, _ = read_choice({"message": messages[-1]})
        yield Logged(conversation(messages[:-1]), reply_or_none(text, ended), ended)
    else:
        yield Logged(conversation(messages))


def _listed(*values: Any) -> list[Any] | None:
    """The first that is a list, or a page of the API that holds one."""
    for value in values:
        found = value.get("data") if isinstance(value, dict) else value
        if isinstance(found, list):
            return found
    return None


def _said(message: Mapping[str, Any], choices: Any) -> bool:
    return any(choice["message"].get("content") == message.get("content") for choice in choices)


def _spoken(items: Any) -> Iterator[Mapping[str, Any]]:
    """The messages among a response's items; reasoning says nothing, all else is a tool's."""
    for item in items:
        if item.get("type", "message") == "message":
            yield item
        elif item["type"] != "reasoning":
            raise Unusable("tool_use")


def _response_usage(usage: Any) -> Counted:
    usage = usage or {}
    details, more = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    return Counted(
        input_tokens=count(usage.get("input_tokens")),
        cached_tokens=count(details.get("cached_tokens")),
        output_tokens=count(usage.get("output_tokens")),
        reasoning_tokens=count(more.get("reasoning_tokens")),
        cache_write_tokens=count(details.get("cache_write_tokens")),
    )


def _sampling(body: Mapping[str, Any]) -> Sampled:
    limit = body.get("max_output_tokens") or body.get("max_completion_tokens") or body.get("max_tokens")
    return Sampled(number(body.get("temperature")), number(body.get("top_p")), count(limit), count(body.get("seed")))


def _moment(seconds: object) -> datetime | None:
    value = number(seconds)
    return None if value is None else datetime.fromtimestamp(value, UTC)
