"""Converse and InvokeModel, translated without HTTP."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from prompts.messages import Message
from teachers.base import ANSWERS, Identity, Request, Sampling
from teachers.bedrock.wire import FAILURES, OUTCOMES, from_invoke, from_wire, to_invoke, to_wire
from teachers.errors import Malformed
from tests.servers.faults import chat_body
from tests.servers.wires import converse_reply

MODEL = botocore.session.get_session().get_service_model("bedrock-runtime")
WHO = Identity("bedrock", "us.amazon.nova-pro-v1:0")
SYSTEM, USER, ASSISTANT, LAST = (
    Message("system", "s"),
    Message("user", "u"),
    Message("assistant", "a"),
    Message("user", "v"),
)
POINT = {"cachePoint": {"type": "default"}}

TEXTS = st.text(min_size=1)
TURNS = st.tuples(st.lists(st.tuples(TEXTS, TEXTS), max_size=3), TEXTS)
"""Turns that were answered, and the last one."""
SAMPLINGS = st.builds(
    Sampling,
    temperature=st.none() | st.floats(0, 1),
    top_p=st.none() | st.floats(0, 1),
    max_tokens=st.none() | st.integers(1, 4096),
    reasoning_effort=st.none() | st.sampled_from(["low", "high"]),
)


@given(TURNS, st.none() | TEXTS, SAMPLINGS, st.none() | st.just('{"type":"object"}'), st.booleans())
def test_every_request_is_valid_by_the_service_model(
    turns: tuple[list[tuple[str, str]], str], system: str | None, how: Sampling, schema: str | None, cache: bool
) -> None:
    earlier, last = turns
    shared = [turn for user, assistant in earlier for turn in (Message("user", user), Message("assistant", assistant))]
    opening = [] if system is None else [Message("system", system)]
    messages = (*opening, *shared, Message("user", last))
    body = to_wire(Request(WHO, messages, how, schema), cache_prefix=cache)
    report = ParamValidator().validate(body, MODEL.operation_model("Converse").input_shape)
    assert not report.has_errors(), report.generate_report()
    said = [block["text"] for turn in body["messages"] for block in turn["content"] if "text" in block]
    assert said == [turn.content for turn in (*shared, messages[-1])]
    assert json.dumps(body).count("cachePoint") == (cache and len(messages) > 1)
    assert POINT not in body["messages"][-1]["content"]  # the last turn is a prompt's own


@pytest.mark.parametrize(
    ("messages", "system", "last_shared"),
    [
        ((LAST,), None, None),
        ((SYSTEM, LAST), [{"text": "s"}, POINT], None),
        ((SYSTEM, USER, ASSISTANT, LAST), [{"text": "s"}], [{"text": "a"}, POINT]),
        ((USER, ASSISTANT, LAST), None, [{"text": "a"}, POINT]),
    ],
)
def test_the_shared_prefix_ends_in_a_cache_point(messages: Any, system: Any, last_shared: Any) -> None:
    body = to_wire(Request(WHO, messages), cache_prefix=True)
    assert body.get("system") == system
    assert (body["messages"][-2]["content"] if len(body["messages"]) > 1 else None) == last_shared


def test_what_is_not_asked_is_not_sent() -> None:
    assert to_wire(Request(WHO, (LAST,))) == {
        "modelId": "us.amazon.nova-pro-v1:0",
        "messages": [{"role": "user", "content": [{"text": "v"}]}],
    }
    zero = to_wire(Request(WHO, (LAST,), Sampling(temperature=0.0)))
    assert zero["inferenceConfig"] == {"temperature": 0.0}


@pytest.mark.parametrize("reason", MODEL.shape_for("StopReason").enum)
def test_every_stop_reason_of_the_service_model_has_an_outcome(reason: str) -> None:
    assert (reason in OUTCOMES) is not (reason in FAILURES)
    if reason in FAILURES:
        with pytest.raises(Malformed, match=reason):
            from_wire(converse_reply("x", reason))
    else:
        reply = from_wire(converse_reply("x", reason))
        assert (reply.outcome, reply.finish_reason, reply.warnings) == (OUTCOMES[reason], reason, ())
        assert reply.outcome in ANSWERS


def test_an_unknown_stop_reason_is_kept_and_said() -> None:
    reply = from_wire(converse_reply("x", "novel"))
    assert (reply.outcome, reply.finish_reason) == ("ok", "novel")
    assert reply.warnings == ("unknown stop reason 'novel'",)


def test_only_texts_are_the_reply() -> None:
    body = converse_reply("")
    body["output"]["message"]["content"] = [
        {"reasoningContent": {"reasoningText": {"text": "hm"}}},
        {"text": "a"},
        {"citationsContent": {"content": [{"text": "b"}, {"text": "c"}], "citations": []}},
        {"guardContent": {"text": {"text": "no"}}},
        {"text": "\ud800"},
    ]
    assert from_wire(body).text == "abc?"
    body["output"]["message"]["content"] = []
    assert from_wire(body).text == ""


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"inputTokens": 5, "outputTokens": 2}, (5, None, 2, None)),
        (
            {"inputTokens": 5, "outputTokens": 2, "cacheReadInputTokens": 7, "cacheWriteInputTokens": 11},
            (23, 7, 2, 11),
        ),
        ({"inputTokens": 5, "outputTokens": 2, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 0}, (5, 0, 2, 0)),
        ({"inputTokens": -1, "outputTokens": "many"}, (None, None, None, None)),
        (None, (None, None, None, None)),
        ([], (None, None, None, None)),
    ],
)
def test_the_whole_prompt_is_counted(usage: Any, counts: tuple[int | None, ...]) -> None:
    found = from_wire({**converse_reply("x"), "usage": usage}).usage
    assert (found.input_tokens, found.cached_tokens, found.output_tokens, found.cache_write_tokens) == counts


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(json_values)
def test_whatever_comes_is_a_reply_or_an_error_of_ours(value: Any) -> None:
    for body in (
        value,
        {"output": value},
        {"output": {"message": value}},
        {"output": {"message": {"content": value}}, "stopReason": value},
        {"output": {"message": {"content": [value]}}, "stopReason": "end_turn", "usage": value},
        {"output": {"message": {"content": [{"citationsContent": value}]}}},
        {"output": {"message": {"content": [{"text": value}]}}},
    ):
        with suppress(Malformed):
            from_wire(body).text.encode()


def test_a_chat_completion_is_what_an_imported_model_reads_and_writes() -> None:
    body = to_invoke(Request(WHO, (SYSTEM, LAST), Sampling(max_tokens=5, top_logprobs=3), '{"type":"object"}'))
    assert "model" not in body
    assert body["messages"] == [{"role": "system", "content": "s"}, {"role": "user", "content": "v"}]
    assert (body["max_tokens"], body["logprobs"], body["top_logprobs"]) == (5, True, 3)
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert from_invoke(chat_body("text")).usage.input_tokens == 7
    with pytest.raises(Malformed, match="bedrock"):
        from_invoke({"generation": "text", "stop_reason": "stop"})
