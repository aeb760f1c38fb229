"""Strategies for replies and requests, and the protocol's bodies written from our records: from_wire's inverse."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import strategies as st

from prompts.messages import Message
from teachers.base import Alternative, Identity, Outcome, Reply, Request, Sampling, TokenLogprob, Usage

FINISH: dict[Outcome, str] = {"ok": "stop", "truncated": "length", "filtered": "content_filter"}
COUNTS = st.none() | st.integers(0, 10**6)
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd")
"""U+FFFD as an alternative stands for bytes that a server could not show."""


@st.composite
def tokens(draw: st.DrawFn) -> TokenLogprob:
    """A token whose probabilities, its own among them, sum to at most 1."""
    names = draw(st.lists(st.text(CHARACTERS, min_size=1, max_size=4), min_size=1, max_size=5, unique=True))
    weights = [draw(st.integers(1, 100)) for _ in names]
    with_ids = draw(st.booleans())
    top = tuple(
        Alternative(name.encode(), math.log(weight / sum(weights)), index if with_ids else None)
        for index, (name, weight) in enumerate(zip(names, weights, strict=True))
    )
    sampled = draw(st.sampled_from(top))
    return TokenLogprob(sampled.bytes, sampled.logprob, sampled.id, top)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """A reply as a server of the protocol can give it."""
    sampled = tuple(draw(st.lists(tokens(), max_size=4)))
    outcome = draw(st.sampled_from(sorted(FINISH)))
    text = b"".join(token.bytes for token in sampled).decode() if sampled else draw(st.text())
    usage = Usage(draw(COUNTS), draw(COUNTS), draw(COUNTS), draw(COUNTS), draw(COUNTS))
    return Reply(text, outcome, FINISH[outcome], sampled, usage, request_id=draw(st.none() | st.text()))


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Any request."""
    sampling = Sampling(
        temperature=draw(st.none() | st.floats(0, 2)),
        top_p=draw(st.none() | st.floats(0, 1)),
        max_tokens=draw(st.none() | st.integers(1, 9999)),
        seed=draw(st.none() | st.integers(0, 2**31)),
        top_logprobs=draw(st.integers(0, 20)),
        reasoning_effort=draw(st.sampled_from([None, "none", "high"])),
    )
    turns = draw(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text()), min_size=1))
    messages = tuple(Message(role, content) for role, content in turns)  # type: ignore[arg-type]
    schema = draw(st.none() | st.just(json.dumps({"type": "object"})))
    return Request(Identity("openai", draw(st.text(min_size=1))), messages, sampling, schema)


def body_of(reply: Reply) -> dict[str, Any]:
    """The body a server would have sent for this reply."""
    choice = {
        "finish_reason": reply.finish_reason,
        "message": {"role": "assistant", "content": reply.text},
        "logprobs": {"content": [_entry(token, token.top) for token in reply.tokens]} if reply.tokens else None,
    }
    return {"id": reply.request_id, "choices": [choice], "usage": _usage(reply.usage)}


def _entry(token: TokenLogprob | Alternative, top: tuple[Alternative, ...] = ()) -> dict[str, Any]:
    entry = {"token": token.bytes.decode(), "bytes": list(token.bytes), "logprob": token.logprob}
    return {**entry, "id": token.id, "top_logprobs": [_entry(other) for other in top]}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }
