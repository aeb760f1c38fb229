"""The parts that OpenAI's two protocols share."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.messages import Message
from teachers.base import Alternative, Identity, Request, Sampling, TokenLogprob
from teachers.errors import AuthError, InvalidRequest, RateLimited, TeacherError, Transient
from teachers.openai.parts import cache_key, json_schema, named_error, read_tokens


def request(*turns: str) -> Request:
    return Request(Identity("openai", "m"), tuple(Message("user", turn) for turn in turns), Sampling(), None)


@given(prefix=st.lists(st.text(), min_size=1, max_size=3), one=st.text(), other=st.text())
def test_prompts_of_one_prefix_share_a_cache_key(prefix: list[str], one: str, other: str) -> None:
    assert cache_key(request(*prefix, one)) == cache_key(request(*prefix, other))
    assert cache_key(request(*prefix, one)) != cache_key(request(*prefix, "more", one))


def test_a_prompt_of_one_turn_has_no_cache_key() -> None:
    assert cache_key(request("why?")) is None


def test_a_schema_binds_the_model() -> None:
    assert json_schema('{"type": "object"}') == {"name": "reply", "schema": {"type": "object"}, "strict": True}


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        ({"code": 401, "message": "no"}, AuthError, 401),
        ({"code": "429", "message": "no"}, RateLimited, 429),
        ({"code": None, "type": "rate_limit_exceeded", "message": "no"}, RateLimited, 429),
        ({"code": "invalid_prompt", "message": "no"}, InvalidRequest, 400),
        ({"status": 503, "message": "no"}, Transient, 503),
    ],
)
def test_an_error_in_a_200_has_the_kind_of_its_status(
    error: dict[str, Any], kind: type[TeacherError], status: int
) -> None:
    named = named_error(error, "openai")
    assert (type(named), named.status) == (kind, status)
    assert "no" in str(named)


@pytest.mark.parametrize("error", ["overloaded", 7, None, [], {}])
def test_any_error_of_a_gateway_is_one_of_ours(error: object) -> None:
    assert isinstance(named_error(error, "openai"), TeacherError)


def entry(token: str, logprob: float, **more: Any) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode()), **more}


def test_tokens_are_read_with_their_alternatives_by_bytes() -> None:
    entries = [entry("né", -0.5, top_logprobs=[entry("né", -0.5), entry("no", -1.5), entry("x", -9999.0)])]
    [token], warnings = read_tokens(entries)
    assert (token.bytes, token.logprob, warnings) == ("né".encode(), -0.5, ())
    assert token.top == (Alternative("né".encode(), -0.5), Alternative(b"no", -1.5))  # the sentinel is none
    assert read_tokens([{"token": "a", "logprob": -1}])[0] == (TokenLogprob(b"a", -1.0),)  # without bytes: its text's
    assert read_tokens(None) == ((), ())


def test_ids_that_stand_beside_are_given_to_the_sampled_and_its_own_alternative() -> None:
    entries = [entry("a", -0.5, top_logprobs=[entry("b", -1.5), entry("a", -0.5)])]
    [token], _ = read_tokens(entries, ids=[7])
    assert (token.id, token.top) == (7, (Alternative(b"b", -1.5), Alternative(b"a", -0.5, 7)))
    [without], _ = read_tokens(entries, ids=[7, 8])  # as many as there are tokens, or none is known
    assert without.id is None


def test_an_end_of_turn_without_bytes_is_no_token() -> None:
    assert [token.bytes for token in read_tokens([entry("a", -1.0), entry("", -0.1)])[0]] == [b"a"]


def test_an_alternative_of_the_last_token_of_a_character_is_dropped() -> None:
    [token], _ = read_tokens([entry("🌱", -0.5, id=3, top_logprobs=[{**entry("x", -0.5), "id": 3}])])
    assert token == TokenLogprob("🌱".encode(), -0.5)


@pytest.mark.parametrize("entries", [[{}], [{"token": "a"}], "text", [None], [{"token": "a", "logprob": "b"}], 3])
def test_what_cannot_be_read_is_dropped_with_a_warning(entries: object) -> None:
    tokens, [warning] = read_tokens(entries)
    assert tokens == ()
    assert warning.startswith("logprobs dropped: they cannot be read (")
