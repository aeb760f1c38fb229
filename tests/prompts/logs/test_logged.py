"""Endings: truncated, filtered and refused answers are not whole ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.prompts.log_records import (
    anthropic_events,
    anthropic_input,
    completion,
    converse,
    invocation,
    response,
)
from tests.prompts.logs.make import call_of


@pytest.mark.parametrize(
    ("record", "ended", "reply"),
    [
        (converse("Why?", "So", stop="max_tokens"), "truncated", "So"),
        (converse("Why?", "So", stop="model_context_window_exceeded"), "truncated", "So"),
        (converse("Why?", "", stop="guardrail_intervened"), "filtered", ""),
        (converse("Why?", ""), "ok", None),
        (invocation("InvokeModel", anthropic_input("Why?"), anthropic_events("No", stop="refusal")), "refused", "No"),
        (invocation("Converse", {"messages": [{"role": "user", "content": [{"text": "Why?"}]}]}, None), "ok", None),
        (response("Why?", "So", incomplete_details={"reason": "max_output_tokens"}), "truncated", "So"),
        (
            completion("Why?", None, choices=[{"message": {"refusal": "No."}, "finish_reason": "stop"}]),
            "refused",
            "No.",
        ),
    ],
)
def test_how_an_answer_ended(tmp_path: Path, record: Any, ended: str, reply: str | None) -> None:
    call = call_of(tmp_path, record)
    assert (call.ended, call.reply) == (ended, reply)
