"""What a smaller byte-level BPE must keep: how it cuts the texts it was made for, and that it can say any text."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from students.shrink.bpe import closure, on_the_way, prune, unfit

WORDS = ["spam", "spamming", "ham", "hammer", "unbelievable", "believe", "naïve", "日本", "🙂🙂", "a1b2", "  ", "\n\n"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)


@cache
def whole(ignore_merges: bool = False) -> Tokenizer:
    """Trained on the words, with two special tokens: one that the trainer puts first, one added at the end."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([" ".join(WORDS[at:]) for at in range(len(WORDS))] * 4, trainer)
    tokenizer.add_special_tokens(["<end>"])
    return tokenizer


def smaller(tokenizer: Tokenizer, texts: list[str]) -> tuple[Tokenizer, list[int]]:
    said = json.loads(tokenizer.to_str())
    kept = sorted(closure(said, {index for text in texts for index in tokenizer.encode(text).ids}))
    return Tokenizer.from_str(json.dumps(prune(said, kept))), kept


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4), st.booleans())
def test_the_texts_it_was_made_for_are_cut_as_before(texts: list[str], ignore_merges: bool) -> None:
    tokenizer = whole(ignore_merges)
    small, kept = smaller(tokenizer, texts)
    for text in texts:
        assert [kept[index] for index in small.encode(text).ids] == tokenizer.encode(text).ids


@settings(deadline=None)
@given(TEXTS, st.text(st.characters(exclude_categories=["Cs"])), st.booleans())
def test_any_text_survives(made_for: str, text: str, ignore_merges: bool) -> None:
    small, _ = smaller(whole(ignore_merges), [made_for])
    assert small.decode(small.encode(text).ids, skip_special_tokens=False) == text


@settings(deadline=None)
@given(TEXTS)
def test_every_token_stands_for_the_same_bytes(text: str) -> None:
    tokenizer = whole()
    small, kept = smaller(tokenizer, [text])
    assert [small.id_to_token(index) for index in range(len(kept))] == [tokenizer.id_to_token(index) for index in kept]
    assert small.get_vocab_size() == len(kept) < tokenizer.get_vocab_size()


def test_special_tokens_stay_wherever_they_stood() -> None:
    small, _ = smaller(whole(), ["ham"])
    assert small.encode("<s>ham<end>").tokens == ["<s>", "ham", "<end>"]


def test_what_is_merged_on_the_way_to_a_token() -> None:
    ranks = {("a", "b"): 0, ("b", "c"): 1, ("ab", "c"): 2}
    assert on_the_way("abc", ranks) == {"a", "b", "c", "ab", "abc"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": {"type": "Unigram"}}, "its tokenizer is Unigram"),
        ({"pre_tokenizer": {"type": "Metaspace"}}, "its BPE is not byte-level"),
        ({"model": {"type": "BPE", "end_of_word_suffix": "</w>"}}, "marks a word's pieces"),
    ],
)
def test_another_tokenizer_is_told_why_not(change: dict[str, Any], reason: str) -> None:
    said = json.loads(whole().to_str())
    assert unfit(said) is None
    assert reason in str(unfit(said | change))


def test_a_post_processor_gets_the_new_ids() -> None:
    said = json.loads(whole().to_str())
    end = said["added_tokens"][-1]["id"]
    said["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<end>", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<end>": {"id": "<end>", "ids": [end], "tokens": ["<end>"]}},
    }
    small, _ = smaller(Tokenizer.from_str(json.dumps(said)), ["ham"])
    assert small.encode("ham").tokens == ["ham", "<end>"]
