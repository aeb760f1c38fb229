"""OpenAI's fine-tuning chats, which Azure, Together and Fireworks read too: `{"messages": [...]}`.

https://platform.openai.com/docs/guides/supervised-fine-tuning
"""

from __future__ import annotations

from typing import Any

from prompts.messages import Conversation, to_dicts

LEAST = 10
"""Examples without which OpenAI starts no job."""


def record(prompt: Conversation, completion: Conversation) -> dict[str, Any]:
    """One line: the last assistant turn is what is learned."""
    return {"messages": to_dicts((*prompt, *completion))}


def remarks(rows: int) -> list[str]:
    """What a job would refuse in a file of so many rows."""
    return [f"OpenAI starts no job with fewer than {LEAST} examples"] if rows < LEAST else []
