"""ROUGE: the longest common subsequence of words, as rouge-score computes it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from pipeline.evaluate.scoring.overlap import OverlapScorer
from pipeline.recipe.scorer import Scorer, ScorerSettings
from prompts.errors import MissingExtra


class Rouge(ScorerSettings):
    """F1 of ROUGE-L (Lin 2004), whose words are runs of a-z and 0-9. Needs the extra `scores`."""

    name: Literal["rouge"] = "rouge"

    def scorer(self, labels: Sequence[str] | None) -> Scorer:
        """Needs nothing; the extra is looked for when it is used."""
        return RougeScorer()


class RougeScorer(OverlapScorer):
    """F1 of ROUGE-L."""

    def overlap(self, text: str, gold: str) -> float:
        """Measures by rouge-score."""
        return float(_rouge_l().score(gold, text)["rougeL"].fmeasure)


@cache
def _rouge_l() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer as Library
    except ImportError:
        raise MissingExtra("ROUGE", "scores") from None
    return Library(["rougeL"])  # no stemmer: it is for English, and papers differ in whether they use it


SCORER = Rouge
