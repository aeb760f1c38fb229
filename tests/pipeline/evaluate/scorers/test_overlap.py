from __future__ import annotations

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from pipeline.evaluate.scorers.base import Score
from pipeline.evaluate.scorers.overlap import OverlapScorer
from prompts.errors import InputError

WORDS = st.lists(
    st.sampled_from(["the", "a", "cat", "dog", "sat", "ran", "on", "mat", "Über", "7", "."]), min_size=1, max_size=12
)
TEXTS = WORDS.map(" ".join)


@given(TEXTS, TEXTS)
def test_rouge_is_rouge_scores(text: str, gold: str) -> None:
    expected = RougeScorer(["rougeL"]).score(gold, text)["rougeL"].fmeasure
    assert OverlapScorer("rouge").score(text, gold).value == pytest.approx(expected, abs=1e-9)


@given(TEXTS, TEXTS)
def test_bleu_and_chrf_are_sacrebleus(text: str, gold: str) -> None:
    bleu = sacrebleu.sentence_bleu(text, [gold], use_effective_order=True).score / 100
    assert OverlapScorer("bleu").score(text, gold).value == pytest.approx(bleu, abs=1e-9)
    chrf = sacrebleu.sentence_chrf(text, [gold]).score / 100
    assert OverlapScorer("chrf").score(text, gold).value == pytest.approx(chrf, abs=1e-9)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_the_corpus_score_is_sacrebleus(pairs: list[tuple[str, str]]) -> None:
    texts, golds = (list(column) for column in zip(*pairs, strict=True))
    bleu = sacrebleu.corpus_bleu(texts, [golds]).score / 100
    assert OverlapScorer("bleu").corpus(texts, golds) == pytest.approx(bleu, abs=1e-9)
    chrf = sacrebleu.corpus_chrf(texts, [golds]).score / 100
    assert OverlapScorer("chrf").corpus(texts, golds) == pytest.approx(chrf, abs=1e-9)
    assert OverlapScorer("rouge").corpus(texts, golds) is None


@pytest.mark.parametrize("measure", ["rouge", "bleu", "chrf"])
def test_the_same_text_is_right_and_none_is_no_answer(measure: str) -> None:
    scorer = OverlapScorer(measure)  # type: ignore[arg-type]  # a parameter is a string
    assert scorer.score("the cat sat on the mat", "the cat sat on the mat").value == pytest.approx(1.0)
    assert scorer.score(" ", "the cat") == Score(0.0, valid=False)
    with pytest.raises(InputError, match="empty gold"):
        scorer.check(["a", " "])
