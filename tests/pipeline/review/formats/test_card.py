"""What travels: a decision as filled-in fields, and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decisions.decision import Kind
from pipeline.review.formats.card import Card, Malformed, decision_of, fields_of
from tests.pipeline.review.make import decision

CARD = Card("s", "p", [], "ham", "train", "kept", "t", "spam")
WORDS = st.text(alphabet="abc", min_size=1)


@given(kind=st.sampled_from(["accept", "reject", "edit", "relabel", "prefer"]), text=WORDS, note=st.text())
def test_a_decision_comes_back_from_its_fields(kind: Kind, text: str, note: str) -> None:
    values: dict[str, Any] = {"note": note}
    if kind == "prefer":
        values["other_id"] = "t"
    else:
        values |= {"seen": "ham", "text": text if kind in ("edit", "relabel") else None}
    made = decision(kind, "s", **values)
    assert decision_of(CARD.facts(), fields_of(made, CARD), response="ham", reviewer="ann", where="record") == [made]


@pytest.mark.parametrize(
    ("filled", "kind", "text"),
    [
        ({"decision": "reject", "answer": "eggs"}, "edit", "eggs"),
        ({"decision": "reject", "label": "spam", "answer": "eggs"}, "relabel", "spam"),
        ({"answer": "ham"}, "accept", None),
        ({"decision": "reject", "answer": "ham"}, "reject", None),
    ],
)
def test_words_of_ones_own_outweigh_the_tick(filled: dict[str, str], kind: str, text: str | None) -> None:
    [made] = decision_of(CARD.facts(), filled, response="ham", reviewer="ann", where="record")
    assert (made.kind, made.text) == (kind, text)


def test_nothing_filled_in_is_no_decision() -> None:
    assert decision_of(CARD.facts(), {"answer": " ", "note": "?"}, response="ham", reviewer="ann", where="r") == []


@pytest.mark.parametrize(
    ("facts", "filled", "message"),
    [
        ({"prompt_id": "p"}, {}, "record.sample_id: is missing"),
        ({"sample_id": 3, "prompt_id": "p"}, {}, "record.sample_id: must be a text"),
        ({"sample_id": "s", "prompt_id": "p"}, {"decision": "maybe"}, "decision: 'maybe' is neither"),
        ({"sample_id": "s", "prompt_id": "p"}, {"better": "other"}, "record.other_id: is missing"),
        (CARD.facts(), {"better": "both"}, "better: 'both' is neither 'response' nor 'other'"),
    ],
)
def test_a_record_that_does_not_say_what_it_should(facts: dict[str, Any], filled: dict[str, str], message: str) -> None:
    with pytest.raises(Malformed, match=message):
        decision_of(facts, filled, response="ham", reviewer="ann", where="record")
