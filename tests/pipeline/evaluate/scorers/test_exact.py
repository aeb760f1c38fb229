"""Exact: the same text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.scorers.exact import ExactScorer
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import Score
from prompts.errors import InputError

RIGHT, WRONG, INVALID = Score(1.0, True), Score(0.0, True), Score(0.0, False)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [("New  York\n", RIGHT), ("new york", RIGHT), ("York", WRONG), (" ", INVALID), ("", INVALID)],
)
def test_exact_ignores_case_white_space_and_unicode_form(reply: str, expected: Score) -> None:
    assert ExactScorer().score(reply, "New York") == expected


@given(st.text())
def test_an_answer_equal_to_a_valid_gold_is_right(text: str) -> None:
    scorer = ExactScorer()
    assert scorer.score(text, text) == (RIGHT if scorer.normal(text) else INVALID)


def test_it_is_what_a_recipe_has_that_names_none() -> None:
    assert isinstance(Evaluate().to_scorer(), ExactScorer)


def test_an_empty_gold_answer_is_found_before_anyone_is_asked() -> None:
    with pytest.raises(InputError, match="empty gold"):
        ExactScorer().check(["yes", " "])
