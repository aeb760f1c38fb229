"""llama.cpp's names of how tokenizers cut a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError
from students.export.gguf_tokenizer import split_name


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ([{"type": "ByteLevel", "use_regex": True}], "gpt-2"),
        ([{"type": "Digits", "individual_digits": True}, {"type": "ByteLevel", "use_regex": True}], "smollm"),
    ],
)
def test_a_split_has_its_name(parts: list[dict[str, Any]], name: str) -> None:
    body = {"model": {"type": "BPE"}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": parts}}
    assert split_name(body, Path("student")) == name


@pytest.mark.parametrize(
    "body",
    [
        {"model": {"type": "Unigram"}, "pre_tokenizer": None},
        {"model": {"type": "BPE", "byte_fallback": True}, "pre_tokenizer": None},
        {"model": {"type": "BPE"}, "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "ByteLevel"}},
        {"model": {"type": "BPE"}, "pre_tokenizer": {"type": "Whitespace"}},
    ],
)
def test_a_tokenizer_that_llama_cpp_would_read_otherwise_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="cannot be a GGUF file"):
        split_name(body, Path("student"))
