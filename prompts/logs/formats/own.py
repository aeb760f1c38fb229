"""Our own format, written by hand or by a script: `{"messages": [{"role": ..., "content": ...}], "reply": "..."}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from prompts.errors import InputError
from prompts.logs.conversation import conversation
from prompts.logs.log_format import LogFormat, Record
from prompts.logs.logged import Logged


class Turn(BaseModel):
    """One recorded message."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["system", "user", "assistant"]
    """The speaker."""
    content: str
    """The text."""


class Line(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(extra="forbid")

    messages: list[Turn]
    """The whole conversation that was sent, system turn included."""
    reply: str
    """The answer."""


def recognises(body: Mapping[str, Any]) -> bool:
    """Tells it by the two fields that it has."""
    return "messages" in body and "reply" in body


def read(record: Record) -> Iterator[Logged]:
    """Reads the call. InputError where the line is wrong, for a line written by hand can be put right."""
    try:
        line = Line.model_validate(record.body)
    except ValidationError as error:
        raise _wrong(error, record) from error
    turns = conversation([turn.model_dump() for turn in line.messages])
    yield Logged(turns, line.reply, finish_reason="stop")


def _wrong(error: ValidationError, record: Record) -> InputError:
    first = error.errors()[0]
    # The first alone: the others mostly follow from it.
    name = ".".join(str(part) for part in first["loc"]) or None
    remedy = f"A line takes {', '.join(Line.model_fields)}"
    return InputError(first["msg"], path=record.file, line=record.line, field=name, remedy=remedy)


FORMAT = LogFormat("own", 'our own {"messages": [...], "reply": "..."}', recognises, read, place=4)
