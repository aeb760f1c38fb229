"""Rows of replies.parquet for the tests of curation."""

from __future__ import annotations

from typing import Any

from prompts.messages import Message


def row(prompt: str, index: int = 0, **changes: Any) -> dict[str, Any]:
    base = {
        "sample_id": f"{prompt}/{index}",
        "prompt_id": prompt,
        "request_key": f"key-{prompt}-{index}",
        "messages": [{"role": "user", "content": prompt}],
        "reply": "spam",
        "outcome": "ok",
        "finish_reason": "stop",
        "teacher": {"provider": "scripted", "model": "test", "base_url": None},
        "sampling": None,
        "usage": None,
        "cost_usd": None,
        "latency_s": 0.5,
        "attempts": 1,
        "created_at": 0,
        "gold": "spam",
        "group": None,
        "tokens": [],
    }
    return {**base, **changes}


def logprobs(spam: float, ham: float) -> list[dict[str, Any]]:
    top = [{"bytes": b" spam", "id": 1, "logprob": spam}, {"bytes": b" ham", "id": 2, "logprob": ham}]
    return [{"bytes": b" spam", "id": 1, "logprob": spam, "top": top}]


def student_messages(rows: list[dict[str, Any]], text: str | None = None) -> dict[str, tuple[Message, ...]]:
    return {item["prompt_id"]: (Message("user", text or item["prompt_id"]),) for item in rows}
