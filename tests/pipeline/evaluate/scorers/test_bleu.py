"""BLEU: the library's own number, of a sentence and of a corpus."""

from __future__ import annotations

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.scorers.bleu import BleuScorer
from tests.pipeline.evaluate.scoring.make import TEXTS


@given(TEXTS, TEXTS)
def test_a_sentences_score_is_sacrebleus(text: str, gold: str) -> None:
    expected = sacrebleu.sentence_bleu(text, [gold], use_effective_order=True).score / 100
    assert BleuScorer().score(text, gold).value == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_a_corpus_score_is_sacrebleus(pairs: list[tuple[str, str]]) -> None:
    texts, golds = (list(column) for column in zip(*pairs, strict=True))
    expected = sacrebleu.corpus_bleu(texts, [golds]).score / 100
    assert BleuScorer().details(texts, golds).corpus_score == pytest.approx(expected, abs=1e-9)
