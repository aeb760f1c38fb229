"""Conversations out of parts and blocks."""

from __future__ import annotations

from pathlib import Path

from tests.prompts.log_records import (
    anthropic_input,
    converse_output,
    invocation,
)
from tests.prompts.logs.make import WHY, call_of


def test_thoughts_and_marks_are_no_part_of_what_was_said(tmp_path: Path) -> None:
    guarded = {"guardContent": {"text": {"text": "Why?", "qualifiers": ["query"]}}}
    sent = {"messages": [{"role": "user", "content": [guarded, {"cachePoint": {"type": "default"}}]}]}
    thought = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "x"}}}
    call = call_of(tmp_path, invocation("Converse", sent, converse_output([thought, {"text": "So."}])))
    assert (call.messages, call.reply) == (WHY, "So.")
    said = [{"type": "thinking", "thinking": "hm", "signature": "x"}, {"type": "text", "text": "So."}]
    call = call_of(
        tmp_path, invocation("InvokeModel", anthropic_input("Why?"), {"content": said, "stop_reason": "end_turn"})
    )
    assert call.reply == "So."
