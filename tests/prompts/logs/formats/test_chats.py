"""Fine-tuning chats as logs."""

from __future__ import annotations

from pathlib import Path

from tests.prompts.logs.make import BRIEF, call_of


def test_a_fine_tuning_chats_last_turn_is_its_reply(tmp_path: Path) -> None:
    turns = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    call = call_of(tmp_path, {"messages": [*turns, {"role": "assistant", "content": "So."}]})
    assert (call.messages, call.reply, call.provider) == (BRIEF, "So.", None)
    assert call_of(tmp_path, {"messages": turns}).reply is None
