"""The translation, without HTTP."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses.response_error import ResponseError

from prompts.messages import Message
from teachers.base import Identity, Request, Sampling, Usage
from teachers.errors import AuthError, InvalidRequest, Malformed, RateLimited, TeacherError, Transient
from teachers.openai.responses_wire import from_wire, to_wire
from tests.servers.faults import entry
from tests.servers.wires import responses_reply
from tests.teachers.contract import conversation
from tests.teachers.wire import requests

WHO = Identity("openai", "m")


@given(requests())
def test_a_request_says_everything_and_nothing_else(request: Request) -> None:
    body, how = to_wire(request), request.sampling
    told = [body.get(name) for name in ("temperature", "top_p", "max_output_tokens")]
    assert told == [how.temperature, how.top_p, how.max_tokens]
    assert body.get("top_logprobs", 0) == how.top_logprobs
    assert body.get("include", []) == (["message.output_text.logprobs"] if how.top_logprobs else [])
    assert [(turn["role"], turn["content"]) for turn in body["input"]] == [
        (message.role, message.content) for message in request.messages
    ]
    assert ("text" in body) == (request.schema is not None)
    assert body["store"] is False
    assert None not in body.values()


def test_a_schema_an_effort_and_a_cache_key_have_their_places() -> None:
    how = Sampling(reasoning_effort="low")
    body = to_wire(Request(WHO, conversation("x"), how, '{"type":"string"}'), cache_key="k")
    assert body == {
        "model": "m",
        "input": [{"role": "user", "content": "x"}],
        "reasoning": {"effort": "low"},
        "text": {
            "format": {"type": "json_schema", "name": "reply", "strict": True, "schema": {"type": "string"}},
        },
        "prompt_cache_key": "k",
        "store": False,
    }


def test_system_text_stands_where_the_conversation_has_it() -> None:
    turns = (Message("system", "a"), Message("user", "b"), Message("assistant", "c"), Message("user", "d"))
    body = to_wire(Request(WHO, turns))
    assert [turn["role"] for turn in body["input"]] == ["system", "user", "assistant", "user"]
    assert "instructions" not in body


def with_output(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**responses_reply("x"), "output": list(items), **changes}


def message(*parts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": list(parts), **changes}


def text(said: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"type": "output_text", "text": said, "logprobs": list(entries)}


REASONING = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]}


def test_the_answer_is_the_messages_text_with_its_tokens() -> None:
    body = with_output(
        REASONING,
        message(text("I will now answer."), phase="commentary"),
        message(text("sp", entry("sp", -0.1, {"sp": -0.1})), text("am", entry("am", -0.2))),
    )
    reply = from_wire(body)
    assert (reply.text, reply.outcome, reply.finish_reason, reply.request_id) == ("spam", "ok", "completed", "resp-1")
    assert [token.bytes for token in reply.tokens] == [b"sp", b"am"]
    assert reply.warnings == ()


def test_every_token_is_counted() -> None:
    usage = {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
        "output_tokens": 8,
        "output_tokens_details": {"reasoning_tokens": 5},
    }
    assert from_wire(with_output(message(text("x")), usage=usage)).usage == Usage(9, 4, 8, 5, 3)


@pytest.mark.parametrize(
    ("reason", "outcome", "warned"),
    [
        ("max_output_tokens", "truncated", False),
        ("content_filter", "filtered", False),
        ("max_messages", "truncated", True),
        ("steered", "truncated", True),
        ("novel", "truncated", True),
        (None, "truncated", True),
    ],
)
def test_every_reason_to_be_incomplete_has_an_outcome(reason: Any, outcome: str, warned: bool) -> None:
    reply = from_wire(responses_reply("half", reason))
    assert (reply.text, reply.outcome, reply.finish_reason, bool(reply.warnings)) == ("half", outcome, reason, warned)


def test_a_limit_reached_while_reasoning_is_a_truncated_answer() -> None:
    body = with_output(REASONING, status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    assert (from_wire(body).outcome, from_wire(body).text) == ("truncated", "")


def test_a_refusal_is_an_answer() -> None:
    reply = from_wire(with_output(message({"type": "refusal", "refusal": "I cannot help with that."})))
    assert (reply.outcome, reply.text) == ("refused", "I cannot help with that.")


@pytest.mark.parametrize("status", ["cancelled", "in_progress", "queued"])
def test_a_response_that_will_not_be_whole_is_transient(status: str) -> None:
    with pytest.raises(Transient, match=f"status '{status}'"):
        from_wire({**responses_reply("x"), "status": status})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "server_error", "message": "The server had an error"}, Transient),
        ({"code": "vector_store_timeout"}, Transient),
        ({"code": "rate_limit_exceeded", "message": "slow"}, RateLimited),
        ({"code": "data_residency_mismatch", "message": "wrong region"}, InvalidRequest),
        ({"code": "429"}, RateLimited),
        ({"code": 401}, AuthError),
        ({"message": "?"}, Transient),
        ("out of memory", Transient),
        (None, Transient),
    ],
)
def test_every_failure_is_that_error(error: object, kind: type[TeacherError]) -> None:
    with pytest.raises(kind) as caught:
        from_wire(with_output(status="failed", error=error))
    assert type(caught.value) is kind
    if isinstance(error, dict) and "message" in error:
        assert error["message"] in str(caught.value)


def sdk_codes() -> list[str]:
    return list(get_args(ResponseError.model_fields["code"].annotation))


@pytest.mark.parametrize("code", sdk_codes())
def test_every_failure_the_sdk_names_has_an_outcome(code: str) -> None:
    """What is about the prompt's content is an answer; the rest are errors."""
    body = with_output(status="failed", error={"code": code, "message": "why"})
    if "policy" in code or code == "invalid_prompt":
        assert (from_wire(body).outcome, from_wire(body).finish_reason) == ("filtered", code)
    else:
        with pytest.raises(TeacherError, match=rf"why \[{code}\]"):
            from_wire(body)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"status": "completed"},
        {"status": "completed", "output": []},
        {"status": "completed", "output": {}},
        with_output(REASONING),
        with_output({"type": "message"}),
        with_output({"type": "message", "content": "x"}),
        with_output({"type": "message", "content": ["x"]}),
        with_output(message({"type": "output_text", "text": 5})),
    ],
)
def test_what_is_no_reply_is_malformed(body: object) -> None:
    with pytest.raises(Malformed):
        from_wire(body)


NAMES = st.sampled_from(["output", "content", "type", "text", "error", "status", "logprobs", "usage", "phase"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["message", "output_text", "failed"]),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
)


@given(JSON | st.fixed_dictionaries({"status": st.just("completed"), "output": st.lists(JSON)}))
def test_any_json_is_a_reply_or_our_error(body: object) -> None:
    with suppress(TeacherError):
        from_wire(json.loads(json.dumps(body))).text.encode()


def test_unreadable_logprobs_cost_only_themselves() -> None:
    reply = from_wire(with_output(message({"type": "output_text", "text": "a", "logprobs": [{"token": "a"}]})))
    assert (reply.text, reply.tokens) == ("a", ())
    assert "logprobs dropped" in reply.warnings[0]
