"""A tokenizer that is not the student's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerFast

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}[{{ message['role'] }}]:{{ message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %} {% endfor %}"
    "{% if add_generation_prompt %}[assistant]:{% endif %}"
)

KEPT_MERGES = 8000


@pytest.fixture(scope="session")
def other_tokenizer(tokenizer: Any) -> Any:
    """The first merges of SmolLM's byte-level BPE under other ids, with other special tokens and another template."""
    described = json.loads(tokenizer.backend_tokenizer.to_str())
    model = described["model"]
    model["merges"] = model["merges"][:KEPT_MERGES]
    pieces = [*ByteLevel.alphabet(), *("".join(pair) for pair in model["merges"])]
    model["vocab"] = {piece: index for index, piece in enumerate(dict.fromkeys(["<s>", "</s>", *sorted(pieces)]))}
    described |= {"added_tokens": [], "post_processor": None}
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>"}
    made = Tokenizer.from_str(json.dumps(described))
    return PreTrainedTokenizerFast(tokenizer_object=made, chat_template=TEMPLATE, **special)
