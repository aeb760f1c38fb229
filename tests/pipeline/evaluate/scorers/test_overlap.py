from __future__ import annotations

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from pipeline.evaluate.scorers.bleu import BleuScorer
from pipeline.evaluate.scorers.chrf import ChrfScorer
from pipeline.evaluate.scorers.rouge import RougeScorer
from pipeline.evaluate.scoring.overlap import OverlapScorer
from pipeline.recipe.scorer import Score
from prompts.errors import InputError

WORDS = st.lists(
    st.sampled_from(["the", "a", "cat", "dog", "sat", "ran", "on", "mat", "Über", "7", "."]), min_size=1, max_size=12
)
TEXTS = WORDS.map(" ".join)


@given(TEXTS, TEXTS)
def test_rouge_is_rouge_scores(text: str, gold: str) -> None:
    expected = rouge_scorer.RougeScorer(["rougeL"]).score(gold, text)["rougeL"].fmeasure
    assert RougeScorer().score(text, gold).value == pytest.approx(expected, abs=1e-9)


@given(TEXTS, TEXTS)
def test_bleu_and_chrf_are_sacrebleus(text: str, gold: str) -> None:
    bleu = sacrebleu.sentence_bleu(text, [gold], use_effective_order=True).score / 100
    assert BleuScorer().score(text, gold).value == pytest.approx(bleu, abs=1e-9)
    chrf = sacrebleu.sentence_chrf(text, [gold]).score / 100
    assert ChrfScorer().score(text, gold).value == pytest.approx(chrf, abs=1e-9)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_the_corpus_score_is_sacrebleus(pairs: list[tuple[str, str]]) -> None:
    texts, golds = (list(column) for column in zip(*pairs, strict=True))
    bleu = sacrebleu.corpus_bleu(texts, [golds]).score / 100
    assert BleuScorer().details(texts, golds).corpus_score == pytest.approx(bleu, abs=1e-9)
    chrf = sacrebleu.corpus_chrf(texts, [golds]).score / 100
    assert ChrfScorer().details(texts, golds).corpus_score == pytest.approx(chrf, abs=1e-9)
    assert RougeScorer().details(texts, golds).corpus_score is None


@pytest.mark.parametrize("scorer", [RougeScorer(), BleuScorer(), ChrfScorer()])
def test_the_same_text_is_right_and_none_is_no_answer(scorer: OverlapScorer) -> None:
    assert scorer.score("the cat sat on the mat", "the cat sat on the mat").value == pytest.approx(1.0)
    assert scorer.score(" ", "the cat") == Score(0.0, valid=False)
    with pytest.raises(InputError, match="empty gold"):
        scorer.check(["a", " "])
