"""Readers that OpenAI's log formats share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from openai.types import CompletionUsage

from prompts.logs.logged import Counted, Sampled, Unusable
from prompts.logs.openai import first_list, moment, read_choice, read_usage, sampling


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"message": {"content": "So."}, "finish_reason": "stop"}, ("So.", "ok", "stop")),
        ({"message": {"content": "So"}, "finish_reason": "length"}, ("So", "truncated", "length")),
        ({"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}, ("No.", "refused", "stop")),
        ({"message": {"content": None}, "stop_reason": "stop"}, ("", "ok", "stop")),
    ],
)
def test_a_choice_is_its_text_and_how_it_ended(choice: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert read_choice(choice) == expected


@pytest.mark.parametrize("call", [{"tool_calls": [{"id": "a"}]}, {"function_call": {"name": "f"}}])
def test_a_call_of_a_tool_is_no_answer(call: dict[str, Any]) -> None:
    with pytest.raises(Unusable, match="tool_use"):
        read_choice({"message": {"content": None, **call}, "finish_reason": "tool_calls"})


def test_usage_is_read_as_the_sdk_writes_it() -> None:
    usage = CompletionUsage.model_validate(
        {
            "prompt_tokens": 90,
            "completion_tokens": 7,
            "total_tokens": 97,
            "prompt_tokens_details": {"cached_tokens": 64},
            "completion_tokens_details": {"reasoning_tokens": 3},
        }
    )
    assert read_usage(usage.model_dump()) == Counted(90, 64, 7, 3, None)
    assert read_usage(None) == Counted()


def test_the_limit_is_read_under_each_of_its_names() -> None:
    for name in ("max_output_tokens", "max_completion_tokens", "max_tokens"):
        assert sampling({name: 9, "temperature": 0}) == Sampled(0.0, None, 9, None)


def test_a_moment_is_seconds_since_1970() -> None:
    assert moment(1_700_000_000) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert moment("yesterday") is None


def test_a_list_may_be_a_page_of_the_api() -> None:
    assert first_list(None, {"data": [1]}, [2]) == [1]
    assert first_list("text", {}, {"data": "x"}) is None
