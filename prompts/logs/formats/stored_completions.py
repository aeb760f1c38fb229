"""OpenAI's stored chat completions.

The API gives a completion and what was sent for it at two addresses; a line holds the object with the second beside
it, `messages` of chat/completions/ID/messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prompts.logs.conversation import conversation
from prompts.logs.log_format import LogFormat, Record
from prompts.logs.logged import Logged, Unusable, reply_or_none, word
from prompts.logs.openai import first_list, moment, read_choice, read_usage, sampling


def recognises(body: Mapping[str, Any]) -> bool:
    """Tells it by the kind of object."""
    return body.get("object") == "chat.completion"


def read(record: Record) -> Iterator[Logged]:
    """Reads a call for each of the choices. Unusable where there is none, or no input."""
    body = record.body
    messages = first_list(body.get("messages"), body.get("input"))
    if messages is None:
        raise Unusable("no_messages")
    choices = body["choices"]
    if not choices:
        raise Unusable("no_choice")
    # Once for all choices: they answer the same conversation.
    turns = conversation(_asked(messages, choices))
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
            sampling=sampling(body),
            created_at=moment(body.get("created")),
            request_id=word(body.get("id")),
        )


def _asked(messages: Sequence[Mapping[str, Any]], choices: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Leaves out a last turn that is the answer itself: some who store a call add it to what was sent."""
    if not messages or messages[-1].get("role") != "assistant":
        return messages
    content = messages[-1].get("content")
    if any(choice["message"].get("content") == content for choice in choices):
        return messages[:-1]
    return messages


FORMAT = LogFormat("completion", "OpenAI stored completions", recognises, read, place=0)
