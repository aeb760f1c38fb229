"""The bytes of a token, for the two kinds of tokenizers that have them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from prompts.token_bytes import token_bytes, whole_characters


def build(model: Any, decoder: Any) -> Any:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(model)
    tokenizer.decoder = decoder
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


# 150 texts through a cached function: enough to meet every byte, and fast.
@settings(max_examples=150, deadline=None)
@given(st.text())
def test_byte_level_tokens_join_to_the_text(tokenizer: Any, text: str) -> None:
    of = token_bytes(tokenizer)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assume(tokenizer.decode(ids) == text)  # this vocabulary lacks a few bytes, such as 0xF1
    assert b"".join(of(index) for index in ids) == text.encode()


def test_sentencepiece_keeps_its_space_and_its_bytes() -> None:
    from tokenizers import decoders, models

    vocabulary = {"<unk>": 0, "▁hi": 1, "<0xF0>": 2}
    decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    of = token_bytes(build(models.BPE(vocabulary, []), decoder))
    assert [of(1), of(2)] == [b" hi", b"\xf0"]


def test_wordpiece_has_no_bytes_of_its_own() -> None:
    from tokenizers import decoders, models

    wordpiece = build(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"), decoders.WordPiece())
    with pytest.raises(ValueError, match="WordPiece"):
        token_bytes(wordpiece)


@given(st.text(min_size=1), st.integers(0, 3))
def test_a_text_cut_inside_a_character_ends_before_it(text: str, cut: int) -> None:
    pieces = [bytes([byte]) for byte in text.encode()]
    kept = b"".join(pieces[: whole_characters(pieces[: len(pieces) - cut])])
    assert text.startswith(kept.decode())
    assert len(pieces) - cut - len(kept) < 4
