"""The words every layer shares: a message, and a conversation of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

Role = Literal["system", "user", "assistant"]


class MessageDict(TypedDict):
    """A message as it stands in JSON, Parquet and chat templates."""

    role: str
    content: str


@dataclass(slots=True, frozen=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str

    def to_dict(self) -> MessageDict:
        """Returns the shape that every chat API and chat template reads."""
        return {"role": self.role, "content": self.content}


Conversation = tuple[Message, ...]


def to_dicts(conversation: Conversation) -> list[MessageDict]:
    """Returns a conversation as a list of `{role, content}`."""
    return [message.to_dict() for message in conversation]


def from_dicts(messages: Sequence[MessageDict]) -> Conversation:
    """Inverts `to_dicts`; ValueError for a role that is not system, user or assistant."""
    # Checked and not cast: the dicts come from files that others may have written.
    conversation = []
    for message in messages:
        role = message["role"]
        if role not in ("system", "user", "assistant"):
            raise ValueError(f"unknown role {role!r}: use system, user or assistant")
        conversation.append(Message(role, message["content"]))  # type: ignore[arg-type]  # `not in` narrows no str
    return tuple(conversation)
