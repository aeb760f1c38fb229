"""Overlap with the gold answer: ROUGE-L, BLEU, chrF, as rouge-score and sacrebleu compute them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pipeline.evaluate.scorers.base import Score
from prompts.errors import InputError, MissingExtra
from prompts.text import normalise

Measure = Literal["rouge", "bleu", "chrf"]


@dataclass(slots=True, frozen=True)
class OverlapScorer:
    """`rouge`: F1 of ROUGE-L (Lin 2004), whose words are runs of a-z and 0-9; `bleu`: sentence BLEU with the effective
    order and exponential smoothing (Post 2018); `chrf`: chrF2 (Popovic 2015). All from 0 to 1. Empty is not valid.
    """

    measure: Measure

    def normal(self, text: str) -> str:
        """NFKC, case folded, runs of white space as one space."""
        return normalise(text)

    def score(self, text: str, gold: str) -> Score:
        """The overlap; MissingExtra without the extra `scores`."""
        return Score(_MEASURES[self.measure](text, gold), valid=True) if text.strip() else Score(0.0, valid=False)

    def check(self, golds: Sequence[str]) -> None:
        """InputError for an empty gold answer; MissingExtra."""
        _MEASURES[self.measure]("a", "a")
        if any(not gold.strip() for gold in golds):
            raise InputError("a held-out row has an empty gold answer", field="prompts.gold")

    def corpus(self, texts: Sequence[str], golds: Sequence[str]) -> float | None:
        """BLEU or chrF of all the answers as one corpus, as papers give it, from 0 to 1; None for ROUGE."""
        if self.measure == "rouge" or not texts:
            return None
        metric = _bleu(sentence=False) if self.measure == "bleu" else _chrf()
        return float(metric.corpus_score(list(texts), [list(golds)]).score) / 100


def _rouge_l(text: str, gold: str) -> float:
    return float(_rouge().score(gold, text)["rougeL"].fmeasure)


def _sentence_bleu(text: str, gold: str) -> float:
    return float(_bleu(sentence=True).sentence_score(text, [gold]).score) / 100


def _sentence_chrf(text: str, gold: str) -> float:
    return float(_chrf().sentence_score(text, [gold]).score) / 100


_MEASURES = {"rouge": _rouge_l, "bleu": _sentence_bleu, "chrf": _sentence_chrf}


@cache
def _rouge() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError:
        raise MissingExtra("ROUGE", "scores") from None
    return RougeScorer(["rougeL"])


@cache
def _bleu(*, sentence: bool) -> Any:
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError:
        raise MissingExtra("BLEU", "scores") from None
    return BLEU(effective_order=sentence)


@cache
def _chrf() -> Any:
    try:
        from sacrebleu.metrics.chrf import CHRF
    except ImportError:
        raise MissingExtra("chrF", "scores") from None
    return CHRF()
