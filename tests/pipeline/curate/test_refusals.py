"""Kinds of refusal: one that refuses, one that speaks of itself, and an answer."""

from __future__ import annotations

import pytest

from pipeline.curate.refusals import BEGINNING, kind_of_refusal


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I'm sorry, but I can't assist with that.", "refusal"),
        ("**I’m sorry**, but I cannot fulfill this request.", "refusal"),
        ("As an AI language model, I cannot provide medical advice.", "refusal"),
        ("As of my last knowledge update in September 2021, the president was Biden.", "boilerplate"),
        ("I'm an AI assistant, so I don't eat food, but pizza is popular.", "boilerplate"),
        ("I can't wait to see you next week!", None),
        ('"As an AI language model, I cannot answer" is what it told me.', None),
        ("", None),
    ],
)
def test_a_reply_is_named_by_how_it_begins(text: str, kind: str | None) -> None:
    assert kind_of_refusal(text) == kind


def test_what_comes_behind_the_beginning_is_not_read() -> None:
    refusal = "I cannot assist with that."
    assert kind_of_refusal(f"Well. {refusal}") == "refusal"
    assert kind_of_refusal(f"{'Here is the answer to it. ' * (BEGINNING // 20)}{refusal}") is None
