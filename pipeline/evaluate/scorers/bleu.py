"""BLEU: runs of words that the reply shares with gold, as sacrebleu computes it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from pipeline.evaluate.scoring.overlap import OverlapScorer
from pipeline.recipe.scorer import Details, Scorer, ScorerSettings
from prompts.errors import MissingExtra


class Bleu(ScorerSettings):
    """Sentence BLEU with the effective order and exponential smoothing (Post 2018). Needs the extra `scores`."""

    name: Literal["bleu"] = "bleu"

    def scorer(self, labels: Sequence[str] | None) -> Scorer:
        """Needs nothing; the extra is looked for when it is used."""
        return BleuScorer()


class BleuScorer(OverlapScorer):
    """Sentence BLEU, and beside it BLEU of the corpus."""

    def overlap(self, text: str, gold: str) -> float:
        """Measures by sacrebleu, which counts to 100."""
        return float(_bleu(by_sentence=True).sentence_score(text, [gold]).score) / 100

    def details(self, texts: Sequence[str], golds: Sequence[str]) -> Details:
        """Returns BLEU of all the answers as one corpus, as papers give it."""
        if not texts:
            return Details()
        corpus = _bleu(by_sentence=False).corpus_score(list(texts), [list(golds)])
        return Details(corpus_score=float(corpus.score) / 100)


@cache
def _bleu(*, by_sentence: bool) -> Any:
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError:
        raise MissingExtra("BLEU", "scores") from None
    # The effective order is for sentences: one of three words has no run of four, and would score 0 by the usual order.
    return BLEU(effective_order=by_sentence)


SCORER = Bleu
