"""Streamed answers, joined to what the plain call would have given."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.logs.logged import Unusable
from prompts.logs.stream import assemble

PIECES = st.lists(st.text(max_size=5), min_size=1, max_size=6)


@given(pieces=PIECES)
def test_pieces_of_every_family_make_the_whole_text(pieces: list[str]) -> None:
    whole = "".join(pieces)
    claude = [
        {"type": "message_start", "message": {"model": "claude"}},
        {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "delta": {"type": "text_delta", "text": piece}} for piece in pieces),
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    ]
    assert assemble(claude) == {
        "content": [{"type": "text", "text": whole}],
        "stop_reason": "end_turn",
        "model": "claude",
    }
    nova: list[dict[str, Any]] = [{"contentBlockDelta": {"delta": {"text": piece}}} for piece in pieces]
    joined = assemble([*nova, {"messageStop": {"stopReason": "end_turn"}}, {"metadata": {"usage": {"inputTokens": 3}}}])
    assert joined["output"] == {"message": {"content": [{"text": whole}]}}
    assert (joined["stopReason"], joined["usage"]) == ("end_turn", {"inputTokens": 3})
    llama = [{"generation": piece, "stop_reason": None} for piece in pieces]
    assert assemble([*llama, {"generation": "", "stop_reason": "stop"}]) == {"generation": whole, "stop_reason": "stop"}
    chat = [{"choices": [{"delta": {"content": piece}}], "model": "m"} for piece in pieces]
    end = {"choices": [{"delta": {}, "finish_reason": "length"}]}
    assert assemble([*chat, end])["choices"] == [
        {"message": {"content": whole, "tool_calls": []}, "finish_reason": "length"}
    ]


def test_a_body_that_is_whole_stays_as_it_is() -> None:
    body: dict[str, Any] = {"output": {"message": {}}}
    assert assemble(body) is body


@pytest.mark.parametrize("body", ["text", None, 3, [], ["text"], [{"nonsense": 1}]])
def test_what_no_family_sends_is_unusable(body: object) -> None:
    with pytest.raises(Unusable, match="unknown_family"):
        assemble(body)
