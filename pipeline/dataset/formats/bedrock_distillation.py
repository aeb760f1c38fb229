"""Bedrock Model Distillation's prompts, labelled with the reply that was kept.

https://docs.aws.amazon.com/bedrock/latest/userguide/distillation-data-prep-option-1.html
"""

from __future__ import annotations

from typing import Any

from pipeline.dataset.formats.dialogue import answer, dialogue
from prompts.messages import Conversation, Message

SCHEMA_VERSION = "bedrock-conversation-2024"
LEAST, MOST = 100, 15_000
"""Prompts of a job."""
MOST_BYTES = 10**9


def record(prompt: Conversation, completion: Conversation) -> dict[str, Any]:
    """One line; the assistant turn is what AWS calls a golden example."""
    parts = dialogue(prompt)
    system = {"system": [{"text": parts.system}]} if parts.system else {}
    return {
        "schemaVersion": SCHEMA_VERSION,
        **system,
        "messages": [_block(turn) for turn in (*parts.turns, answer(completion))],
    }


def remarks(rows: int, many_turns: int, size_bytes: int) -> list[str]:
    """What a job would refuse in a file like this one."""
    found = []
    if rows < LEAST:
        found.append(f"Bedrock starts no job with fewer than {LEAST} prompts")
    if rows > MOST:
        found.append(f"Bedrock takes at most {MOST:,} prompts: keep the first with head -n {MOST}")
    if size_bytes >= MOST_BYTES:
        found.append("Bedrock takes less than 1 GB")
    if many_turns:
        found.append(f"{many_turns} prompts have several user turns, which only Nova students take")
    return found


def _block(turn: Message) -> dict[str, Any]:
    return {"role": turn.role, "content": [{"text": turn.content}]}
