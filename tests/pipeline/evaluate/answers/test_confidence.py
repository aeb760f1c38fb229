"""Confidence: the geometric mean probability of an answer's tokens."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.answers.confidence import confidence
from teachers.base import TokenLogprob

logprobs = st.lists(st.floats(-50, 0), min_size=1, max_size=30)


def tokens(values: list[float]) -> list[TokenLogprob]:
    return [TokenLogprob(b"x", value) for value in values]


def test_a_label_in_one_token_has_its_own_probability() -> None:
    assert confidence(tokens([math.log(0.7)])) == pytest.approx(0.7)


def test_no_tokens_say_nothing() -> None:
    assert confidence([]) is None
    assert confidence([TokenLogprob(b"", -1.0)]) is None


@given(logprobs)
def test_lies_between_the_least_and_the_most_likely_token(values: list[float]) -> None:
    found = confidence(tokens(values))
    assert found is not None
    assert math.exp(min(values)) * (1 - 1e-9) <= found <= math.exp(max(values)) * (1 + 1e-9)


@given(logprobs)
def test_saying_it_twice_changes_nothing_and_order_neither(values: list[float]) -> None:
    assert confidence(tokens(values * 2)) == pytest.approx(confidence(tokens(values)))
    assert confidence(tokens(values[::-1])) == confidence(tokens(values))


@given(logprobs, st.floats(-50, 0))
def test_the_end_of_turn_does_not_count(values: list[float], end: float) -> None:
    assert confidence([*tokens(values), TokenLogprob(b"", end)]) == confidence(tokens(values))
