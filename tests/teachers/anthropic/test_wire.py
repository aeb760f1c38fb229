"""The translation, without HTTP."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any, get_args

import pytest
from anthropic.types import Message as Answer
from anthropic.types import StopReason
from hypothesis import given
from hypothesis import strategies as st

from prompts.messages import Message
from teachers.anthropic.wire import OUTCOMES, from_wire, to_wire
from teachers.base import Identity, Reply, Request, Sampling, Usage
from teachers.errors import Malformed, TeacherError
from tests.servers.wires import anthropic_reply
from tests.teachers.wire import COUNTS

EFFORTS = ("none", "low", "medium", "high", "xhigh", "max")
PLAIN = Request(Identity("anthropic", "claude-sonnet-5"), (Message("user", "u"),), Sampling(max_tokens=9))


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """A reply as the API can give it."""
    stop_reason = draw(st.sampled_from(sorted(reason for reason in OUTCOMES if reason)))
    rest, read, written = draw(COUNTS), draw(COUNTS), draw(COUNTS)
    whole = None if rest is None else rest + (read or 0) + (written or 0)
    usage = Usage(whole, read, draw(COUNTS), draw(COUNTS), written)
    outcome = OUTCOMES[stop_reason]
    return Reply(draw(st.text()), outcome, stop_reason, usage=usage, request_id=draw(st.none() | st.text()))


def body_of(reply: Reply, cuts: list[int]) -> dict[str, Any]:
    """The body a server would have sent: the text in any number of blocks, with thinking among them."""
    edges = [0, *sorted(min(cut, len(reply.text)) for cut in cuts), len(reply.text)]
    content: list[dict[str, Any]] = [{"type": "thinking", "thinking": "hm", "signature": "s"}]
    content += [{"type": "text", "text": reply.text[start:end]} for start, end in pairwise(edges)]
    used = reply.usage
    rest = (
        None
        if used.input_tokens is None
        else used.input_tokens - (used.cached_tokens or 0) - (used.cache_write_tokens or 0)
    )
    usage = {
        "input_tokens": rest,
        "cache_read_input_tokens": used.cached_tokens,
        "cache_creation_input_tokens": used.cache_write_tokens,
        "output_tokens": used.output_tokens,
        "output_tokens_details": {"thinking_tokens": used.reasoning_tokens},
    }
    return {"id": reply.request_id, "content": content, "stop_reason": reply.finish_reason, "usage": usage}


@given(replies(), st.lists(st.integers(0, 20), max_size=3))
def test_a_reply_survives_the_wire(reply: Reply, cuts: list[int]) -> None:
    assert from_wire(json.loads(json.dumps(body_of(reply, cuts)))) == reply


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Any request."""
    how = Sampling(
        temperature=draw(st.none() | st.floats(0, 1)),
        top_p=draw(st.none() | st.floats(0, 1)),
        max_tokens=draw(st.integers(1, 9999)),
        reasoning_effort=draw(st.none() | st.sampled_from(EFFORTS)),
    )
    system = draw(st.lists(st.text().map(lambda text: Message("system", text)), max_size=1))
    roles = st.sampled_from(["user", "assistant"])
    turns = draw(st.lists(st.builds(Message, roles, st.text()), min_size=1, max_size=4))
    schema = draw(st.none() | st.just(json.dumps({"type": "object"})))
    return Request(Identity("anthropic", draw(st.text(min_size=1))), (*system, *turns), how, schema)


def plain(content: str | list[dict[str, Any]]) -> str:
    return content if isinstance(content, str) else "".join(block["text"] for block in content)


@given(requests(), st.booleans())
def test_a_request_says_everything_and_nothing_else(request: Request, cache_prefix: bool) -> None:
    body, how = to_wire(request, cache_prefix=cache_prefix), request.sampling
    told = [body.get(name) for name in ("temperature", "top_p", "max_tokens")]
    assert told == [how.temperature, how.top_p, how.max_tokens]
    said = [(turn["role"], plain(turn["content"])) for turn in body["messages"]]
    system = plain(body.get("system", ""))
    assert [("system", system)] * bool(system) + said == [
        (message.role, message.content) for message in request.messages if message.role != "system" or message.content
    ]
    output = body.get("output_config", {})
    assert ("format" in output) == (request.schema is not None)
    assert output.get("effort", "none") == (how.reasoning_effort or "none")
    assert ("thinking" in body) == (how.reasoning_effort is not None)
    assert None not in body.values()


def marks(body: dict[str, Any]) -> list[str]:
    """The texts that end at a cache breakpoint."""
    contents = [body.get("system", ""), *(turn["content"] for turn in body["messages"])]
    blocks = [block for content in contents if isinstance(content, list) for block in content]
    return [block["text"] for block in blocks if block.get("cache_control") == {"type": "ephemeral"}]


@pytest.mark.parametrize(
    ("turns", "marked"),
    [
        ([("user", "q")], []),
        ([("system", "s"), ("user", "q")], ["s"]),
        ([("system", ""), ("user", "q")], []),
        ([("system", "s"), ("user", "x"), ("assistant", "y"), ("user", "q")], ["y"]),
        ([("user", "x"), ("assistant", "y"), ("user", "q")], ["y"]),
        ([("system", "s"), ("user", "x"), ("assistant", ""), ("user", "q")], ["s"]),
    ],
)
def test_what_prompts_share_ends_at_a_cache_breakpoint(turns: list[tuple[Any, str]], marked: list[str]) -> None:
    request = replace(PLAIN, messages=tuple(Message(role, text) for role, text in turns))
    assert marks(to_wire(request, cache_prefix=True)) == marked
    assert marks(to_wire(request)) == []


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "sent"),
    [
        ("claude-sonnet-5", None, None, None),
        ("claude-sonnet-5", "none", "disabled", None),
        ("claude-sonnet-5-5", "none", "between_tools", None),
        ("claude-opus-4-8", "xhigh", "adaptive", "xhigh"),
        ("claude-opus-4-5-20251101", "low", None, "low"),
    ],
)
def test_an_effort_is_the_models_own(model: str, effort: str | None, thinking: str | None, sent: str | None) -> None:
    how = replace(PLAIN.sampling, reasoning_effort=effort)
    body = to_wire(replace(PLAIN, identity=Identity("anthropic", model), sampling=how))
    assert body.get("thinking") == (thinking and {"type": thinking})
    assert body.get("output_config") == (sent and {"effort": sent})


def test_a_schema_and_an_effort_share_the_output_config() -> None:
    request = replace(PLAIN, sampling=Sampling(max_tokens=9, reasoning_effort="low"), schema='{"type":"string"}')
    format_ = {"type": "json_schema", "schema": {"type": "string"}}
    assert to_wire(request)["output_config"] == {"effort": "low", "format": format_}


def test_every_stop_reason_of_the_sdk_has_an_outcome() -> None:
    assert set(get_args(StopReason)) == {*OUTCOMES, "tool_use"}
    with pytest.raises(Malformed, match="was given none"):
        from_wire(anthropic_reply("half a", "tool_use"))


def test_an_unknown_stop_reason_is_kept_with_a_warning() -> None:
    reply = from_wire(anthropic_reply("text", "compaction"))
    assert (reply.outcome, reply.finish_reason) == ("ok", "compaction")
    assert reply.warnings == ("unknown stop_reason 'compaction'",)


def test_a_refusal_says_why() -> None:
    details = {"type": "refusal", "category": "frontier_llm", "explanation": "It could train a competitor."}
    body = {**anthropic_reply("", "refusal"), "content": [], "stop_details": details}
    assert Answer.model_validate(body).stop_details is not None  # the SDK reads it so
    reply = from_wire(body)
    assert (reply.text, reply.outcome) == ("", "refused")
    assert reply.warnings == ("refused: frontier_llm: It could train a competitor.",)


def test_blocks_that_are_no_text_are_left_out_aloud() -> None:
    body = anthropic_reply("text")
    body["content"] += [{"type": "redacted_thinking", "data": "x"}, {"type": "server_tool_use", "id": "1"}]
    reply = from_wire(body)
    assert reply.text == "text"
    assert reply.warnings == ("left out a 'server_tool_use' block",)


def test_half_a_surrogate_pair_can_be_stored() -> None:
    assert from_wire(json.loads(json.dumps(anthropic_reply("a\ud800")))).text == "a?"


NAMES = st.sampled_from(
    ["content", "type", "text", "error", "message", "details", "usage", "stop_reason", "stop_details"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["text", "refusal", "error"]),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
)


@given(JSON | st.fixed_dictionaries({"content": st.lists(JSON), "usage": JSON, "stop_details": JSON}))
def test_any_json_is_a_reply_or_our_error(body: object) -> None:
    with suppress(TeacherError):
        reply = from_wire(body)
        "".join([reply.text, *reply.warnings]).encode()
