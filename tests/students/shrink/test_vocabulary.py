"""A model's rows and settings beside a smaller tokenizer, for models of other families than the tests' llama."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, Qwen2Config, Qwen2ForCausalLM

from prompts.errors import InputError
from students.corpus.encode import load_tokenizer
from students.quiet import quiet
from students.shrink.vocabulary import keep_rows, save_tokenizer, trim

TEXT = "Subject: cheap pills\nHello wörld 日本 <|im_end|>"
SIZES: dict[str, Any] = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


def qwen(tokens: int) -> Any:
    """An untied head, more rows than tokens, two ends and no padding."""
    ids = {"bos_token_id": 1, "eos_token_id": [2, 0]}
    return Qwen2ForCausalLM(Qwen2Config(vocab_size=tokens + 7, num_key_value_heads=1, **SIZES, **ids))


def gpt2(tokens: int) -> Any:
    """A table of positions beside that of tokens."""
    config = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 64, "bos_token_id": 1, "eos_token_id": 2}
    return GPT2LMHeadModel(GPT2Config(vocab_size=tokens, **config))


@pytest.mark.parametrize(("kind", "make"), [("Qwen2Tokenizer", qwen), ("GPT2Tokenizer", gpt2)])
def test_a_family_s_own_tokenizer_loads_smaller_and_the_model_computes_as_before(
    kind: str, make: Any, tiny: Path, tmp_path: Path
) -> None:
    whole, target = tmp_path / "whole", tmp_path / "target"
    for folder in (whole, target):
        folder.mkdir()
    for name in ("tokenizer.json", "chat_template.jinja"):
        (whole / name).write_bytes((tiny / name).read_bytes())
    settings = json.loads((tiny / "tokenizer_config.json").read_text()) | {"tokenizer_class": kind}
    (whole / "tokenizer_config.json").write_text(json.dumps(settings))
    tokenizer = load_tokenizer(str(whole))
    torch.manual_seed(0)
    model, ids = make(len(tokenizer)).eval(), tokenizer(TEXT)["input_ids"]
    with torch.no_grad(), quiet():
        before = model(torch.tensor([ids])).logits[0]
        said, kept = trim(model, tokenizer, ids, str(whole))
        smaller = save_tokenizer(tokenizer, said, target)
        model.save_pretrained(target)
        small = AutoModelForCausalLM.from_pretrained(target).eval()
        after = small(torch.tensor([smaller(TEXT)["input_ids"]])).logits[0]
    assert type(smaller).__name__ == kind
    assert [kept[index] for index in smaller(TEXT)["input_ids"]] == ids
    assert smaller.decode(smaller("Zebra ñ 🙂")["input_ids"]) == "Zebra ñ 🙂"
    torch.testing.assert_close(after, before[:, kept])
    assert small.config.vocab_size == len(smaller) == len(kept)


def test_settings_get_the_new_ids_and_an_id_of_no_token_goes() -> None:
    model = Qwen2ForCausalLM(Qwen2Config(vocab_size=50, num_key_value_heads=1, **SIZES, eos_token_id=[40, 7]))
    model.config.pad_token_id = model.generation_config.pad_token_id = 45
    keep_rows(model, [3, 7, 40])
    assert (model.config.eos_token_id, model.generation_config.eos_token_id) == ([2, 1], [2, 1])
    assert model.config.pad_token_id is model.generation_config.pad_token_id is None


def test_a_second_table_by_token_is_refused() -> None:
    model = Qwen2ForCausalLM(Qwen2Config(vocab_size=50, num_key_value_heads=1, **SIZES))
    model.model.per_layer = nn.Embedding(50, 4)
    with pytest.raises(InputError, match="is a second table by token"):
        keep_rows(model, [3, 7, 40])
