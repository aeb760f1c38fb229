"""Our own shape, written by hand or by a script: `{"messages": [{"role": ..., "content": ...}], "reply": "..."}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from prompts.logs.conversation import conversation
from prompts.logs.logged import Logged


class Turn(BaseModel):
    """One recorded message."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["system", "user", "assistant"]
    """Who spoke."""
    content: str
    """What was said."""


class Record(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(extra="forbid")

    messages: list[Turn]
    """The whole conversation that was sent, system turn included."""
    reply: str
    """What came back."""


def read_own(body: Mapping[str, Any]) -> Iterator[Logged]:
    """The call; ValidationError where the line is wrong, for a line written by hand can be put right."""
    record = Record.model_validate(body)
    turns = conversation([turn.model_dump() for turn in record.messages])
    yield Logged(turns, record.reply, finish_reason="stop")
