"""Judge: it is asked about pairs, which evaluate/comparison/judged.py has, and scores no text alone."""

from __future__ import annotations

import pytest

from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import PairJudge
from pipeline.recipe.teachers import TeacherEntry
from prompts.errors import InputError

SETTINGS = {"name": "judge", "judge": {"spec": "openai:m"}, "rubric": "the shorter"}


def test_it_says_whom_to_ask_and_needs_no_gold() -> None:
    settings = Evaluate(scorer=SETTINGS).scorer
    assert settings.pair_judge == PairJudge(TeacherEntry(spec="openai:m"), "the shorter")
    assert not settings.needs_gold
    assert Evaluate().scorer.pair_judge is None


def test_it_scores_no_text_alone() -> None:
    with pytest.raises(InputError, match="needs the teacher's replies"):
        Evaluate(scorer=SETTINGS).to_scorer().score("a", "a")


def test_who_judges_by_what_decides_and_what_it_costs_does_not() -> None:
    priced = {**SETTINGS, "judge": {"spec": "openai:m", "price": {"input": 1, "output": 2}}}
    assert Evaluate(scorer=priced).scoring == Evaluate(scorer=SETTINGS).scoring
    assert Evaluate(scorer={**SETTINGS, "rubric": "the longer"}).scoring != Evaluate(scorer=SETTINGS).scoring
