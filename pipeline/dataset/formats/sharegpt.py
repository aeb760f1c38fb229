"""ShareGPT's conversations, as LLaMA-Factory and Axolotl read them: human and gpt in turn, system first."""

from __future__ import annotations

from typing import Any

from pipeline.dataset.formats.dialogue import answer, dialogue
from prompts.messages import Conversation

_NAMES = {"user": "human", "assistant": "gpt"}


def record(prompt: Conversation, completion: Conversation) -> dict[str, Any]:
    """One line."""
    parts = dialogue(prompt)
    system = [{"from": "system", "value": parts.system}] if parts.system else []
    turns = [{"from": _NAMES[turn.role], "value": turn.content} for turn in (*parts.turns, answer(completion))]
    return {"conversations": [*system, *turns]}
