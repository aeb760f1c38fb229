"""Tokens fitted to their text, with a real tokenizer's pieces shown as vLLM shows them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachers.base import Alternative, TokenLogprob
from teachers.openai.token_fit import fit_reply, fit_tokens

TEXTS = [
    "spam",
    "",
    "naïve 🐈 cat",
    "🐈🐈",
    "🏳️‍🌈 ok",
    "日本語の文",
    " leading",
    "a\n\nb",
    "ends with 🐈",
    "क्षि x",
    "�",
    "a�b",
]


def piecewise(tokenizer: Any, text: str) -> list[str]:
    """Each token decoded by itself: pieces of a character are U+FFFD."""
    return [tokenizer.decode([index]) for index in tokenizer(text, add_special_tokens=False)["input_ids"]]


def carried(tokenizer: Any, text: str) -> list[str]:
    """As newer vLLM: a character is written into its last piece, and the pieces before it are empty."""
    shown, held = list[str](), list[int]()
    for index in tokenizer(text, add_special_tokens=False)["input_ids"]:
        held.append(index)
        decoded = tokenizer.decode(held)
        shown.append("" if decoded.endswith("�") else decoded)
        held = held if decoded.endswith("�") else []
    return shown


Show = Callable[[Any, str], list[str]]


def tokens_of(shown: list[str]) -> list[TokenLogprob]:
    """Tokens as a server gives them; token i has logprob -(i + 1), an id and an alternative."""
    return [
        TokenLogprob(text.encode(), -float(i + 1), i, (Alternative(b"other", -9.0, 1),)) for i, text in enumerate(shown)
    ]


@pytest.mark.parametrize("show", [piecewise, carried])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("before", ["", "<|im_start|>assistant\n", "🐈 the cat said:\n"])
def test_a_text_gets_its_own_bytes_back(tokenizer: Any, show: Show, text: str, before: str) -> None:
    if "�" in text and show is carried:
        return  # it cannot be told from a piece
    own = tokens_of(show(tokenizer, text))
    tokens = [*tokens_of(show(tokenizer, before)), *own]
    fitted = fit_tokens(tokens, text, whole=not before)
    assert fitted is not None
    assert b"".join(token.bytes for token in fitted) == text.encode()
    assert math.isclose(sum(token.logprob for token in fitted), sum(token.logprob for token in own))
    for token in fitted:
        token.bytes.decode()  # whole characters
        assert (token.id is None) == (token.top == ())


def test_the_tokenizer_splits_these_characters(tokenizer: Any) -> None:
    assert any("�" in shown for shown in piecewise(tokenizer, "🐈"))
    assert carried(tokenizer, "🐈")[-1] == "🐈"
    assert carried(tokenizer, "🐈")[0] == ""


def test_whole_tokens_are_kept_as_they_are() -> None:
    tokens = tokens_of(["a", " b", "c"])
    assert fit_tokens(tokens, "a bc") == tuple(tokens)
    assert fit_tokens(tokens, " bc") is None
    assert fit_tokens(tokens, " bc", whole=False) == tuple(tokens[1:])


@pytest.mark.parametrize(
    ("shown", "text"),
    [(["a"], "b"), (["a", "b"], "a"), (["a"], "ab"), (["�"], "a"), (["a", "�"], "ab"), ([], "a"), (["x�"], "y🐈")],
)
def test_what_does_not_fit_is_nothing(shown: list[str], text: str) -> None:
    assert fit_tokens(tokens_of(shown), text) is None


@given(st.lists(st.text(max_size=3), max_size=6), st.text(max_size=8))
def test_any_tokens_fit_or_do_not(shown: list[str], text: str) -> None:
    storable = text.encode("utf-8", "replace").decode()
    tokens = tokens_of([part.encode("utf-8", "replace").decode() for part in shown])
    for whole in (True, False):
        fitted = fit_tokens(tokens, storable, whole=whole)
        assert fitted is None or b"".join(token.bytes for token in fitted) == storable.encode()


def test_the_end_of_turn_and_the_thoughts_are_no_part_of_a_reply() -> None:
    tokens = tokens_of(["<think>", "hm", "</think>", "spam", "<|im_end|>"])
    assert fit_reply(tokens, "spam", stopped=True, thought=True) == (tokens[3],)
    assert fit_reply(tokens, "spam", stopped=False, thought=True) is None
    assert fit_reply(tokens, "spam", stopped=True, thought=False) is None
    assert fit_reply(tokens[3:], "spam", stopped=True, thought=False) == (tokens[3],)
