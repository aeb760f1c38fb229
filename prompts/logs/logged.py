"""One call as a log has it, whatever wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from prompts.messages import Conversation

Ending = Literal["ok", "truncated", "filtered", "refused"]


class Unusable(Exception):
    """A record that gives no call; `str(error)` is the reason it is counted under."""


@dataclass(slots=True, frozen=True)
class Counted:
    """Tokens as the provider counted them; None where it did not say."""

    input_tokens: int | None = None
    """All of the prompt, whatever part of it came from a cache or went into one."""
    cached_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_tokens: int | None = None


@dataclass(slots=True, frozen=True)
class Sampled:
    """Sampling parameters as they were sent; None where the log has none."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None


@dataclass(slots=True, frozen=True)
class Logged:
    """One call: what was asked, and the reply if the log has it."""

    messages: Conversation
    """As sent, system included; it ends in a user turn."""
    reply: str | None = None
    ended: Ending = "ok"
    finish_reason: str | None = None
    """In the provider's own word."""
    provider: str | None = None
    """As a teacher's spec names it; None where the log does not say."""
    model: str | None = None
    usage: Counted = Counted()
    sampling: Sampled = Sampled()
    created_at: datetime | None = None
    request_id: str | None = None
    where: str = ""
    """File and line."""


# The words of OpenAI, Anthropic and Bedrock: their meanings do not clash.
_ENDINGS: dict[str, Ending] = {
    "length": "truncated",
    "max_tokens": "truncated",
    "max_output_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "content_filter": "filtered",
    "content_filtered": "filtered",
    "guardrail_intervened": "filtered",
    "refusal": "refused",
}

_TOOLS = frozenset({"tool_calls", "tool_use", "function_call"})


def ending(finish_reason: object) -> Ending:
    """Says how a reply with this finish reason ended; Unusable where it was a tool call."""
    if finish_reason in _TOOLS:
        raise Unusable("tool_use")
    return _ENDINGS.get(str(finish_reason), "ok")


def reply_or_none(text: str, ended: Ending) -> str | None:
    """Returns the text; None for a whole answer that says nothing."""
    if not text and ended == "ok":
        return None
    return text


def number(value: object) -> float | None:
    """Returns a JSON number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):  # in Python, not in JSON, true is a number
        return None
    return float(value)


def count(value: object) -> int | None:
    """Returns a JSON integer that counts something; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value


def word(value: object) -> str | None:
    """Returns a JSON string; None for anything else."""
    if isinstance(value, str):
        return value
    return None
