"""Readers that OpenAI's log formats share, with servers that speak its protocol: choices, usage, sampling."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from prompts.logs.conversation import text_of
from prompts.logs.logged import Counted, Ending, Sampled, Unusable, count, ending, number, word


def read_choice(choice: Mapping[str, Any]) -> tuple[str, Ending, str | None]:
    """Reads a choice's text, how it ended, and its finish reason (Mistral's servers say stop_reason)."""
    message = choice["message"]
    finish_reason = word(choice.get("finish_reason") or choice.get("stop_reason"))
    if message.get("tool_calls") or message.get("function_call"):
        raise Unusable("tool_use")
    if message.get("refusal"):  # its finish reason is `stop`, as a whole answer's
        return text_of(message["refusal"]), "refused", finish_reason
    return text_of(message.get("content") or "", ""), ending(finish_reason), finish_reason


def read_usage(usage: Any) -> Counted:
    """Reads the token counts of a chat completion."""
    usage = usage or {}
    inputs, outputs = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    return Counted(
        input_tokens=count(usage.get("prompt_tokens")),
        cached_tokens=count(inputs.get("cached_tokens")),
        output_tokens=count(usage.get("completion_tokens")),
        reasoning_tokens=count(outputs.get("reasoning_tokens")),
        cache_write_tokens=count(inputs.get("cache_write_tokens")),
    )


def sampling(body: Mapping[str, Any]) -> Sampled:
    """Reads the sampling parameters of a completion or a response."""
    # Responses, newer completions, older ones.
    limit = body.get("max_output_tokens") or body.get("max_completion_tokens") or body.get("max_tokens")
    return Sampled(number(body.get("temperature")), number(body.get("top_p")), count(limit), count(body.get("seed")))


def moment(seconds: object) -> datetime | None:
    """Reads seconds since 1970; None where they are no number."""
    value = number(seconds)
    if value is None:
        return None
    return datetime.fromtimestamp(value, UTC)


def first_list(*values: Any) -> list[Any] | None:
    """Returns the first value that is a list, or a page of the API that holds one."""
    for value in values:
        if isinstance(value, dict):
            value = value.get("data")
        if isinstance(value, list):
            return value
    return None
