"""The bodies of Bedrock's model families."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.prompts.log_records import (
    anthropic_events,
    anthropic_input,
    converse_output,
    invocation,
)
from tests.prompts.logs.make import BRIEF, LLAMA, WHY, call_of, chunks, nova_events


@pytest.mark.parametrize(
    ("sent", "said", "messages"),
    [
        (anthropic_input("Why?"), {"content": [{"type": "text", "text": "So."}], "stop_reason": "end_turn"}, BRIEF),
        (anthropic_input("Why?"), anthropic_events("S", "o", "."), BRIEF),
        ({"messages": [{"role": "user", "content": [{"text": "Why?"}]}]}, converse_output([{"text": "So."}]), WHY),
        ({"messages": [{"role": "user", "content": [{"text": "Why?"}]}]}, nova_events("S", "o."), WHY),
        ({"prompt": LLAMA, "max_gen_len": 9}, {"generation": "So.", "stop_reason": "stop"}, BRIEF),
        ({"prompt": LLAMA}, [{"generation": "S"}, {"generation": "o.", "stop_reason": "stop"}], BRIEF),
        ({"prompt": "Why?"}, {"generation": "So.", "stop_reason": "stop"}, WHY),
        ({"prompt": "<s>[INST] Why? [/INST]"}, {"outputs": [{"text": "So.", "stop_reason": "stop"}]}, WHY),
        ({"prompt": "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nWhy? [/INST]"}, {"generation": "So."}, BRIEF),
        ({"prompt": "<s>[INST] Why? [/INST]"}, [{"outputs": [{"text": "So."}]}], WHY),
        ({"messages": [{"role": "user", "content": "Why?"}]}, chunks("S", "o."), WHY),
        (
            {"messages": [{"role": "user", "content": "Why?"}]},
            {"choices": [{"index": 0, "message": {"role": "assistant", "content": "So."}, "stop_reason": "stop"}]},
            WHY,
        ),
    ],
    ids=lambda value: "",
)
def test_the_families_of_invoke_model(tmp_path: Path, sent: Any, said: Any, messages: Any) -> None:
    call = call_of(tmp_path, invocation("InvokeModelWithResponseStream", sent, said))
    assert (call.messages, call.reply, call.ended) == (messages, "So.", "ok")


def test_earlier_turns_are_kept_in_a_prompt_string(tmp_path: Path) -> None:
    sent = {"prompt": "<s>[INST] Why? [/INST] So.</s>[INST] Why so? [/INST]"}
    call = call_of(tmp_path, invocation("InvokeModel", sent, {"outputs": [{"text": "It is."}]}))
    assert [(turn.role, turn.content) for turn in call.messages] == [
        ("user", "Why?"),
        ("assistant", "So."),
        ("user", "Why so?"),
    ]
