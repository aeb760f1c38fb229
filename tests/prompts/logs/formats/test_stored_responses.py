"""OpenAI's stored responses."""

from __future__ import annotations

from pathlib import Path

from prompts.logs.logged import Counted
from tests.prompts.log_records import (
    response,
)
from tests.prompts.logs.make import BRIEF, call_of


def test_a_stored_response_is_read_whole(tmp_path: Path) -> None:
    call = call_of(tmp_path, response("Why?", "So."))
    assert (call.messages, call.reply, call.finish_reason) == (BRIEF, "So.", "completed")
    assert (call.provider, call.model, call.request_id) == ("openai", "gpt-5.4", "resp_1")
    assert call.usage == Counted(36, 16, 87, 64, 0)
