"""OpenAI's fine-tuning chats, `{"messages": [...]}`: a last assistant turn is the reply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prompts.logs.conversation import conversation
from prompts.logs.log_format import LAST, LogFormat, Record
from prompts.logs.logged import Logged, reply_or_none
from prompts.logs.openai import first_list, read_choice


def recognises(body: Mapping[str, Any]) -> bool:
    """Tells it by its one field, which other formats have too: it is asked after them."""
    return "messages" in body


def read(record: Record) -> Iterator[Logged]:
    """Reads the chat as a call; it has no reply where the last turn is the user's."""
    messages = first_list(record.body["messages"]) or []
    if messages and messages[-1].get("role") == "assistant":
        text, ended, _ = read_choice({"message": messages[-1]})
        yield Logged(conversation(messages[:-1]), reply_or_none(text, ended), ended)
    else:
        yield Logged(conversation(messages))


FORMAT = LogFormat("chat", 'chats as {"messages": [...]}', recognises, read, place=LAST + 1)
