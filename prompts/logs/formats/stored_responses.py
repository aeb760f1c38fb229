"""OpenAI's stored responses.

The API gives a response and what was sent for it at two addresses; a line holds the object with the second beside it,
`input_items` of responses/ID/input_items, oldest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prompts.logs.conversation import conversation, text_of
from prompts.logs.log_format import LogFormat, Record
from prompts.logs.logged import Counted, Ending, Logged, Unusable, count, ending, reply_or_none, word
from prompts.logs.openai import first_list, moment, sampling
from prompts.messages import Conversation


def recognises(body: Mapping[str, Any]) -> bool:
    """Tells it by the kind of object."""
    return body.get("object") == "response"


def read(record: Record) -> Iterator[Logged]:
    """Reads the call; Unusable where earlier turns stand in another object."""
    body = record.body
    if body.get("previous_response_id") or body.get("conversation"):
        raise Unusable("earlier_turns_elsewhere")
    messages = _messages(body)
    parts = [part for item in _turns(body["output"]) for part in item["content"]]
    # A response that was cut short names its reason apart; its status is then `incomplete`.
    reason = (body.get("incomplete_details") or {}).get("reason")
    ended = _ending(parts, reason)
    yield Logged(
        messages=messages,
        reply=reply_or_none(text_of(parts, ""), ended),
        ended=ended,
        finish_reason=word(reason or body.get("status")),
        provider="openai",
        model=word(body.get("model")),
        usage=_usage(body.get("usage")),
        sampling=sampling(body),
        created_at=moment(body.get("created_at")),
        request_id=word(body.get("id")),
    )


def _messages(body: Mapping[str, Any]) -> Conversation:
    items = body.get("input_items") or body.get("input")
    if isinstance(items, str):
        sent: list[Any] | None = [{"role": "user", "content": items}]
    else:
        sent = first_list(items)
    if sent is None:
        raise Unusable("no_messages")
    instructions = body.get("instructions")
    if isinstance(instructions, list):  # turns, where they come from a stored prompt
        return conversation(_turns([*instructions, *sent]))
    return conversation(_turns(sent), instructions)


def _turns(items: Any) -> Iterator[Mapping[str, Any]]:
    """Leaves the messages among a response's items: reasoning says nothing, all else is a tool's."""
    for item in items:
        if item.get("type", "message") == "message":
            yield item
        elif item["type"] != "reasoning":
            raise Unusable("tool_use")


def _ending(parts: list[Any], reason: object) -> Ending:
    if any(part.get("type") == "refusal" for part in parts):
        return "refused"
    return ending(reason)


def _usage(usage: Any) -> Counted:
    usage = usage or {}
    inputs, outputs = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    return Counted(
        input_tokens=count(usage.get("input_tokens")),
        cached_tokens=count(inputs.get("cached_tokens")),
        output_tokens=count(usage.get("output_tokens")),
        reasoning_tokens=count(outputs.get("reasoning_tokens")),
        cache_write_tokens=count(inputs.get("cache_write_tokens")),
    )


FORMAT = LogFormat("response", "OpenAI stored responses", recognises, read, place=1)
