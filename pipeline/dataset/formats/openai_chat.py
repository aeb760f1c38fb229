"""OpenAI's fine-tuning chats, which Azure, Together and Fireworks read too: `{"messages": [...]}`.

https://platform.openai.com/docs/guides/supervised-fine-tuning
"""

from __future__ import annotations

from typing import Any

from pipeline.dataset.format import ExportFormat, Written
from prompts.messages import Conversation, to_dicts

LEAST = 10
"""Examples without which OpenAI starts no job."""


def record(prompt: Conversation, completion: Conversation) -> dict[str, Any]:
    """Makes a line: the last assistant turn is what is learned."""
    return {"messages": to_dicts((*prompt, *completion))}


def remarks(written: Written) -> list[str]:
    """Says what a job would refuse."""
    if written.rows >= LEAST:
        return []
    return [f"OpenAI starts no job with fewer than {LEAST} examples"]


FORMAT = ExportFormat("openai-chat", record, remarks, place=0)
