"""ROUGE: the library's own number."""

from __future__ import annotations

import pytest
from hypothesis import given
from rouge_score import rouge_scorer

from pipeline.evaluate.scorers.rouge import RougeScorer
from pipeline.recipe.scorer import Details
from tests.pipeline.evaluate.scoring.make import TEXTS


@given(TEXTS, TEXTS)
def test_rouge_is_rouge_scores(text: str, gold: str) -> None:
    expected = rouge_scorer.RougeScorer(["rougeL"]).score(gold, text)["rougeL"].fmeasure
    assert RougeScorer().score(text, gold).value == pytest.approx(expected, abs=1e-9)


def test_papers_give_no_rouge_of_a_corpus() -> None:
    assert RougeScorer().details(["a"], ["a"]) == Details()
