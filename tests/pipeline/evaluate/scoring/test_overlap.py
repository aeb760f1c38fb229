"""Overlap: what all its measures have in common."""

from __future__ import annotations

import pytest

from pipeline.evaluate.scorers.bleu import BleuScorer
from pipeline.evaluate.scorers.chrf import ChrfScorer
from pipeline.evaluate.scorers.rouge import RougeScorer
from pipeline.evaluate.scoring.overlap import OverlapScorer
from pipeline.recipe.scorer import Score
from prompts.errors import InputError


@pytest.mark.parametrize("scorer", [RougeScorer(), BleuScorer(), ChrfScorer()])
def test_the_same_text_is_right_and_none_is_no_answer(scorer: OverlapScorer) -> None:
    assert scorer.score("the cat sat on the mat", "the cat sat on the mat").value == pytest.approx(1.0)
    assert scorer.score(" ", "the cat") == Score(0.0, valid=False)
    with pytest.raises(InputError, match="empty gold"):
        scorer.check(["a", " "])
