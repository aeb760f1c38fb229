"""Bedrock Model Distillation's prompts, labelled with the reply that was kept.

https://docs.aws.amazon.com/bedrock/latest/userguide/distillation-data-prep-option-1.html
"""

from __future__ import annotations

from typing import Any

from pipeline.dataset.dialogue import answer, dialogue
from pipeline.dataset.format import ExportFormat, Written
from prompts.messages import Conversation, Message

SCHEMA_VERSION = "bedrock-conversation-2024"
LEAST, MOST = 100, 15_000
"""Prompts of a job."""
MOST_BYTES = 10**9


def record(prompt: Conversation, completion: Conversation) -> dict[str, Any]:
    """Makes a line; the assistant turn is what AWS calls a golden example."""
    parts = dialogue(prompt)
    line: dict[str, Any] = {"schemaVersion": SCHEMA_VERSION}
    if parts.system:
        line["system"] = [{"text": parts.system}]
    line["messages"] = [_block(turn) for turn in (*parts.turns, answer(completion))]
    return line


def remarks(written: Written) -> list[str]:
    """Says what a job would refuse."""
    lines = []
    if written.rows < LEAST:
        lines.append(f"Bedrock starts no job with fewer than {LEAST} prompts")
    if written.rows > MOST:
        lines.append(f"Bedrock takes at most {MOST:,} prompts: keep the first with head -n {MOST}")
    if written.size_bytes >= MOST_BYTES:
        lines.append("Bedrock takes less than 1 GB")
    if written.many_turns:
        lines.append(f"{written.many_turns} prompts have several user turns, which only Nova students take")
    return lines


def _block(turn: Message) -> dict[str, Any]:
    return {"role": turn.role, "content": [{"text": turn.content}]}


FORMAT = ExportFormat("bedrock-distillation", record, remarks, place=1)
