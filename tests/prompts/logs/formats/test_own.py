"""Our own log format: a conversation and its reply, and a line that can be put right is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError
from prompts.logs.formats.own import read, recognises
from prompts.logs.log_format import Record
from prompts.messages import Message

TURNS = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]


def test_a_line_is_a_call_that_ended_by_itself() -> None:
    body = {"messages": TURNS, "reply": "So."}
    assert recognises(body)
    [call] = read(Record(body, Path("log.jsonl"), 1))
    assert call.messages == (Message("system", "Be brief."), Message("user", "Why?"))
    assert (call.reply, call.finish_reason) == ("So.", "stop")
    assert not recognises({"messages": TURNS})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reply": None}, "reply"),
        ({"more": 1}, "more"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
    ],
)
def test_a_wrong_line_is_named_with_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError, match=rf"log\.jsonl:5: field '{field}'.*A line takes messages, reply"):
        list(read(Record({"messages": TURNS, "reply": "So.", **change}, Path("log.jsonl"), 5)))
