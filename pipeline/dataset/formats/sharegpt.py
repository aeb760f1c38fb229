"""ShareGPT's conversations, as LLaMA-Factory and Axolotl read them: human and gpt in turn, system first."""

from __future__ import annotations

from typing import Any

from pipeline.dataset.dialogue import answer, dialogue
from pipeline.dataset.format import ExportFormat
from prompts.messages import Conversation

_NAMES = {"user": "human", "assistant": "gpt"}


def record(prompt: Conversation, completion: Conversation) -> dict[str, Any]:
    """Makes a line."""
    parts = dialogue(prompt)
    turns: list[dict[str, str]] = []
    if parts.system:
        turns.append({"from": "system", "value": parts.system})
    for turn in (*parts.turns, answer(completion)):
        turns.append({"from": _NAMES[turn.role], "value": turn.content})
    return {"conversations": turns}


FORMAT = ExportFormat("sharegpt", record, place=3)
