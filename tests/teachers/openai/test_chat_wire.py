"""The translation, without HTTP."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.messages import Message
from teachers.base import Identity, Reply, Request, Sampling
from teachers.errors import AuthError, InvalidRequest, Malformed, RateLimited, TeacherError, Transient
from teachers.openai.chat_wire import from_wire, to_wire
from teachers.openai.parts import cache_key
from tests.servers.faults import chat_body, entry, logprobs
from tests.teachers.contract import conversation
from tests.teachers.wire import body_of, replies, requests


@given(replies())
def test_a_reply_survives_the_wire(reply: Reply) -> None:
    assert from_wire(json.loads(json.dumps(body_of(reply)))) == reply


@given(requests())
def test_a_request_says_everything_and_nothing_else(request: Request) -> None:
    body, how = to_wire(request), request.sampling
    told = [body.get(name) for name in ("temperature", "top_p", "max_tokens", "seed")]
    assert told == [how.temperature, how.top_p, how.max_tokens, how.seed]
    assert body.get("top_logprobs", 0) == how.top_logprobs
    assert body.get("logprobs", False) == bool(how.top_logprobs)
    assert [(turn["role"], turn["content"]) for turn in body["messages"]] == [
        (message.role, message.content) for message in request.messages
    ]
    assert ("response_format" in body) == (request.schema is not None)
    assert None not in body.values()


def test_a_schema_is_strict_and_the_limit_has_the_name_it_is_given() -> None:
    request = Request(Identity("openai", "m"), conversation("x"), Sampling(max_tokens=5), '{"type":"string"}')
    body = to_wire(request, limit="max_completion_tokens")
    assert body["max_completion_tokens"] == 5
    assert "max_tokens" not in body
    assert body["response_format"]["json_schema"] == {"name": "reply", "strict": True, "schema": {"type": "string"}}


def test_an_effort_and_a_cache_key_are_sent_where_there_are_any() -> None:
    request = Request(Identity("openai", "m"), conversation("x"), Sampling(reasoning_effort="none"))
    assert to_wire(request, cache_key="k") == {
        "model": "m",
        "messages": [{"role": "user", "content": "x"}],
        "reasoning_effort": "none",
        "prompt_cache_key": "k",
    }


def test_the_cache_key_is_the_prefixs() -> None:
    def key(*texts: str) -> str | None:
        turns = tuple(Message("user" if index % 2 else "system", text) for index, text in enumerate(texts))
        return cache_key(Request(Identity("openai", "m"), turns))

    assert key("examples", "one") == key("examples", "two") != key("other examples", "one")
    assert len(key("examples", "one") or "") <= 64  # https://developers.openai.com/api/docs/guides/prompt-caching
    assert key("no prefix") is None


NAMES = st.sampled_from(["choices", "message", "content", "error", "logprobs", "usage", "finish_reason"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
)


@given(JSON | st.fixed_dictionaries({"choices": st.lists(st.fixed_dictionaries({"message": JSON, "logprobs": JSON}))}))
def test_any_json_is_a_reply_or_our_error(body: object) -> None:
    with suppress(TeacherError):
        from_wire(body).text.encode()


@pytest.mark.parametrize(
    ("finish_reason", "outcome", "warned"),
    [
        ("stop", "ok", False),
        ("length", "truncated", False),
        ("content_filter", "filtered", False),
        ("tool_calls", "ok", True),
        ("eos", "ok", True),
        (None, "ok", True),
    ],
)
def test_every_finish_reason_has_an_outcome(finish_reason: str | None, outcome: str, warned: bool) -> None:
    reply = from_wire(chat_body("text", finish_reason=finish_reason))
    assert (reply.outcome, reply.finish_reason, bool(reply.warnings)) == (outcome, finish_reason, warned)


def test_a_refusal_is_an_answer() -> None:
    reply = from_wire(chat_body(None, message={"content": None, "refusal": "I cannot help with that."}))
    assert (reply.outcome, reply.text) == ("refused", "I cannot help with that.")


@pytest.mark.parametrize("finish_reason", ["abort", "error"])
def test_a_server_that_gave_up_is_transient(finish_reason: str) -> None:
    with pytest.raises(Transient, match="gave up"):
        from_wire(chat_body("half", finish_reason=finish_reason))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 429, "message": "slow"}, RateLimited),
        ({"code": "429"}, RateLimited),
        ({"code": "rate_limit_exceeded"}, RateLimited),
        ({"type": "invalid_request_error"}, InvalidRequest),
        ({"code": 401}, AuthError),
        ({"code": 502}, Transient),
        ({"message": "?"}, Transient),
        ("out of memory", Transient),
        (True, Transient),
    ],
)
def test_an_error_in_a_200_is_that_error(error: object, kind: type[TeacherError]) -> None:
    with pytest.raises(kind):
        from_wire({"error": error})


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"choices": []},
        {"choices": None},
        {"choices": [{}]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {"content": 5}}]},
        {"choices": [{"message": {"content": [{"type": "image"}]}}]},
    ],
)
def test_what_is_no_reply_is_malformed(body: object) -> None:
    with pytest.raises(Malformed):
        from_wire(body)


def test_null_bytes_are_read_from_the_token() -> None:
    reply = from_wire(chat_body("é", logprobs=logprobs([entry("é", -0.5, bytes=None)])))
    assert reply.tokens[0].bytes == "é".encode()


def test_sentinels_and_missing_alternatives_are_no_alternatives() -> None:
    reply = from_wire(chat_body("a", logprobs=logprobs([entry("a", -0.1, {"a": -0.1, "b": -9999.0})])))
    assert [other.bytes for other in reply.tokens[0].top] == [b"a"]


def test_a_filtered_prompt_in_a_200_is_an_answer() -> None:
    reply = from_wire({"error": {"code": "content_filter", "message": "no"}})
    assert (reply.outcome, reply.text, reply.finish_reason) == ("filtered", "", "content_filter")


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_the_tokens_are_those_of_the_answer_not_of_the_thoughts(field: str) -> None:
    thoughts = [entry(token, -0.1) for token in ("hm", "</think>", "\n\n")]
    body = chat_body(
        "spam",
        message={"content": "spam", field: "hm"},
        logprobs=logprobs([*thoughts, entry("spam", -0.5), entry("<|im_end|>", -0.1)]),
    )
    assert [token.bytes for token in from_wire(body).tokens] == [b"spam"]


def test_an_alternative_that_is_a_piece_of_a_character_is_none() -> None:
    reply = from_wire(chat_body("a", logprobs=logprobs([entry("a", -0.1, {"a": -0.1, "\ufffd": -3.0})])))
    assert [other.bytes for other in reply.tokens[0].top] == [b"a"]


@pytest.mark.parametrize("broken", [{"token": "a"}, {"logprob": 0}, "a", {"token": "a", "logprob": 0, "bytes": [300]}])
def test_unreadable_logprobs_cost_only_themselves(broken: Any) -> None:
    reply = from_wire(chat_body("a", logprobs={"content": [broken]}))
    assert reply.text == "a"
    assert reply.tokens == ()
    assert "logprobs dropped" in reply.warnings[0]


def test_half_a_surrogate_pair_can_be_stored() -> None:
    from_wire(chat_body("\ud83e")).text.encode()
