"""JSON: the share of fields that are right."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.scorers.json import JsonScorer
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import FieldMarks, Score
from prompts.errors import InputError

NOTHING = Score(0.0, valid=False)
GOLD = '{"name": "Ada", "born": 1815}'
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        (GOLD, 1.0),
        (f"Here it is:\n```json\n{GOLD}\n```", 1.0),
        ('{"born": 1815.0, "name": " ADA"}', 1.0),
        ('{"name": "Ada", "born": 1816}', 0.5),
        ('{"name": "Ada"}', 0.5),
        ('{"name": "Ada", "born": 1815, "died": 1852, "x": null}', 0.5),
        ("[1]", 0.0),
    ],
)
def test_json_is_scored_by_the_share_of_right_fields(reply: str, value: float) -> None:
    assert JsonScorer().score(reply, GOLD) == Score(value, valid=True)


@pytest.mark.parametrize("reply", ["", "Ada", '{"name": "Ada"', '{"name": "\\ud800"}'])
def test_what_is_no_json_is_not_valid(reply: str) -> None:
    assert JsonScorer().score(reply, GOLD) == NOTHING


def test_only_the_named_fields_count() -> None:
    scorer = JsonScorer(("born",))
    assert scorer.score('{"born": 1815, "name": "Byron"}', GOLD) == Score(1.0, valid=True)
    assert scorer.fields_right('{"name": "Ada"}', GOLD) == {"born": False}


@given(VALUES)
def test_a_value_is_itself_however_it_is_written(value: Any) -> None:
    text = json.dumps(value)
    assert JsonScorer().score(json.dumps(value, indent=3), text) == Score(1.0, valid=True)
    assert JsonScorer().normal(text) == JsonScorer().normal(json.dumps(value, indent=3)) != ""


def test_a_gold_answer_that_is_no_json_is_found_before_anyone_is_asked() -> None:
    with pytest.raises(InputError, match="is not JSON"):
        JsonScorer().check([GOLD, "Ada"])


def test_details_are_of_golds_fields_alone() -> None:
    marks = JsonScorer().details(['{"name": "ada", "died": 1852}', "Ada"], [GOLD, GOLD]).fields
    both = frozenset({"name", "born"})
    assert marks == FieldMarks(gold_N=(both, both), right_N=(frozenset({"name"}), frozenset()))


def test_scores_are_comparable_whatever_order_the_fields_have() -> None:
    one, other = (Evaluate(scorer={"name": "json", "fields": fields}) for fields in (["a", "b"], ["b", "a"]))
    assert one.scoring == other.scoring == {"scorer": "json", "fields": ["a", "b"]}
