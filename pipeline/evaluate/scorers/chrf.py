"""chrF: runs of letters that the reply shares with gold, as sacrebleu computes it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from pipeline.evaluate.scoring.overlap import OverlapScorer
from pipeline.recipe.scorer import Details, Scorer, ScorerSettings
from prompts.errors import MissingExtra


class Chrf(ScorerSettings):
    """chrF2 (Popovic 2015). Needs the extra `scores`."""

    name: Literal["chrf"] = "chrf"

    def scorer(self, labels: Sequence[str] | None) -> Scorer:
        """Needs nothing; the extra is looked for when it is used."""
        return ChrfScorer()


class ChrfScorer(OverlapScorer):
    """chrF2 of a sentence, and beside it chrF2 of the corpus."""

    def overlap(self, text: str, gold: str) -> float:
        """Measures by sacrebleu, which counts to 100."""
        return float(_chrf().sentence_score(text, [gold]).score) / 100

    def details(self, texts: Sequence[str], golds: Sequence[str]) -> Details:
        """Returns chrF of all the answers as one corpus, as papers give it."""
        if not texts:
            return Details()
        corpus = _chrf().corpus_score(list(texts), [list(golds)])
        return Details(corpus_score=float(corpus.score) / 100)


@cache
def _chrf() -> Any:
    try:
        from sacrebleu.metrics.chrf import CHRF
    except ImportError:
        raise MissingExtra("chrF", "scores") from None
    return CHRF()  # its defaults are chrF2: runs of up to six letters, recall twice as heavy, no words


SCORER = Chrf
