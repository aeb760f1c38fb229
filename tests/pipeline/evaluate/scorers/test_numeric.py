"""Numeric: the last number of the reply."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.scorers.numeric import NumericScorer
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import Score
from prompts.errors import InputError

NOTHING = Score(0.0, valid=False)


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("So it is 1,234.5 in all.", Score(1.0, True)),
        ("1234.6", Score(1.0, True)),
        ("1234.7", Score(0.0, True)),
        ("1234.5, or 7", Score(0.0, True)),
        ("none", NOTHING),
    ],
)
def test_the_last_number_counts_within_the_tolerance(reply: str, score: Score) -> None:
    assert NumericScorer(0.1).score(reply, "1234.5") == score


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=3))
def test_a_number_equals_itself(number: Any) -> None:
    scorer = NumericScorer()
    assert scorer.score(f"It is {number:f}", str(f"{number:f}")).value == 1
    assert scorer.normal(f"{number:f}") == scorer.normal(f"{number:f}0") != ""


def test_a_number_of_a_million_digits_has_a_short_form() -> None:
    assert NumericScorer().normal("1e999") == "1E+999"


def test_a_gold_answer_without_a_number_is_found_before_anyone_is_asked() -> None:
    with pytest.raises(InputError, match="holds no number"):
        NumericScorer().check(["1", "one"])


def test_the_tolerance_decides_what_scores_mean() -> None:
    config = Evaluate(scorer={"name": "numeric", "tolerance": 0.5})
    assert config.scoring == {"scorer": "numeric", "tolerance": 0.5}
