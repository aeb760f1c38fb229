"""The chat completion's wire: what is read is kept, what is not understood is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from pipeline.serve.wire import Answered, chunks, completion, read_request
from prompts.messages import Message, to_dicts
from teachers.base import Reply, Usage

HELLO = [{"role": "user", "content": "hello"}]
messages = st.lists(
    st.builds(Message, st.sampled_from(["system", "user", "assistant"]), st.text()), min_size=1, max_size=5
)


@given(messages)
def test_messages_are_read_as_they_are(said: list[Message]) -> None:
    assert read_request({"messages": to_dicts(tuple(said))}).messages == tuple(said)


def test_parts_of_text_are_joined_and_developer_is_system() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    [message] = read_request({"messages": [{"role": "developer", "content": parts}]}).messages
    assert message == Message("system", "ab")


def test_a_schema_and_the_newer_limit_are_read() -> None:
    asked = read_request(
        {
            "messages": HELLO,
            "max_completion_tokens": 7,
            "temperature": 0,
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
        }
    )
    assert (asked.sampling.max_tokens, asked.sampling.temperature, asked.schema) == (7, 0.0, '{"type":"object"}')


@pytest.mark.parametrize("other", [None, 9])
def test_a_limit_that_is_null_is_not_given(other: int | None) -> None:
    asked = read_request({"messages": HELLO, "max_completion_tokens": None, "max_tokens": other})
    assert asked.sampling.max_tokens == other


@pytest.mark.parametrize(
    ("field", "value"),
    [("tools", [{}]), ("stop", "x"), ("n", 2), ("logprobs", True), ("response_format", {"type": "json_object"})],
)
def test_what_it_cannot_honour_is_named(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field.replace("_", ".")):
        read_request({"messages": HELLO, field: value})


@pytest.mark.parametrize(
    "message",
    [{"role": "tool", "content": "x"}, {"role": "user"}, {"role": "user", "content": [{"type": "image_url"}]}],
)
def test_what_is_no_text_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"cascade|role"):
        read_request({"messages": [message]})


@given(st.text(), st.sampled_from(["ok", "truncated", "refused", "filtered"]), st.booleans())
def test_the_sdk_reads_both_forms_and_they_say_the_same(text: str, outcome: Any, with_usage: bool) -> None:
    answered = Answered(Reply(text, outcome, usage=Usage(3, None, 2)), "student", "m", 0.5)
    whole = ChatCompletion.model_validate(completion(answered, 0.4))
    parts = [ChatCompletionChunk.model_validate(one) for one in chunks(answered, 0.4, with_usage=with_usage)]
    said = "".join(choice.delta.content or "" for part in parts for choice in part.choices)
    assert said == whole.choices[0].message.content == text
    assert parts[1].choices[0].finish_reason == whole.choices[0].finish_reason
    assert (parts[-1].usage is not None) == with_usage
    assert whole.model_extra == {"stillhouse": {"answered_by": "student", "confidence": 0.5, "threshold": 0.4}}
