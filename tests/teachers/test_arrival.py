"""What is checked before a call and after it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.messages import Message
from teachers.arrival import SENTINEL, check_supported, checked
from teachers.base import Alternative, Reply, Request, Sampling, TokenLogprob
from teachers.catalog import Description, describe
from teachers.errors import Unsupported
from tests.teachers.wire import replies


def spam(**changes: object) -> Reply:
    top = (Alternative(b"spam", math.log(0.6)), Alternative(b"ham", math.log(0.3)))
    return replace(Reply("spam", tokens=(TokenLogprob(b"spam", math.log(0.6), top=top),)), **changes)  # type: ignore[arg-type]


@given(replies())
def test_a_true_reply_passes_unchanged_and_twice(reply: Reply) -> None:
    assert checked(reply) == reply == checked(checked(reply))


@given(replies(), st.text(min_size=1))
def test_tokens_of_another_text_are_dropped_aloud(reply: Reply, more: str) -> None:
    told = checked(replace(reply, text=reply.text + more))
    assert told.text == reply.text + more
    assert told.tokens == ()
    assert bool(told.warnings) == bool(reply.tokens)


def test_sentinels_are_dropped_and_the_sampled_token_kept() -> None:
    token = TokenLogprob(b"spam", SENTINEL, top=(Alternative(b"ham", -0.1), Alternative(b"eggs", SENTINEL)))
    kept = checked(spam(tokens=(token,)))
    assert kept.warnings == ()
    assert [other.bytes for other in kept.tokens[0].top] == [b"ham"]
    assert kept.tokens[0].bytes == b"spam"


@pytest.mark.parametrize("logprob", [0.0, 5.0, 1e9, math.nan, math.inf])
def test_more_than_certain_is_dropped(logprob: float) -> None:
    token = TokenLogprob(b"spam", logprob, top=(Alternative(b"ham", -0.1),))
    told = checked(spam(tokens=(token,)))
    assert told.tokens == ()
    assert "sum to" in told.warnings[0]


def test_two_ids_of_the_same_bytes_are_two_tokens() -> None:
    same_bytes = (Alternative(b"spam", math.log(0.7), 1), Alternative(b"spam", math.log(0.7), 2))
    token = TokenLogprob(b"spam", math.log(0.7), 1, same_bytes)
    assert checked(spam(tokens=(token,))).tokens == ()


def asked(spec: str, sampling: Sampling, schema: str | None) -> tuple[Description, Request]:
    who = describe(spec)
    return who, Request(who.identity, (Message("user", "x"),), sampling, schema)


@pytest.mark.parametrize(
    ("spec", "sampling", "schema", "says"),
    [
        ("openai:o3", Sampling(top_logprobs=1), None, "set top_logprobs to 0"),
        ("openai:gpt-5-mini", Sampling(temperature=0), None, "leave temperature unset"),
        ("openai:gpt-5.2-pro", Sampling(top_p=1), None, "leave top_p unset"),
        ("openai:gpt-4.1", Sampling(top_logprobs=21), None, "at most 20 top_logprobs"),
        ("huggingface:o/m", Sampling(), "{}", "leave schema unset"),
    ],
)
def test_what_cannot_be_honoured_says_what_to_set(spec: str, sampling: Sampling, schema: str | None, says: str) -> None:
    with pytest.raises(Unsupported, match=says):
        check_supported(*asked(spec, sampling, schema))


@pytest.mark.parametrize(
    "spec", ["openai:gpt-4.1", "openai:gpt-5.4", "openai:gpt-5-chat-latest", "openai:o3@http://x/v1"]
)
def test_what_can_be_honoured_passes(spec: str) -> None:
    check_supported(*asked(spec, Sampling(temperature=0, top_p=0.5, seed=1, top_logprobs=20), "{}"))
