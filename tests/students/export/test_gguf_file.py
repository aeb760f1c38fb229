"""GGUF files of small random models: llama.cpp says what transformers says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import gguf
import pytest

from prompts.errors import InputError
from students.export.gguf_file import write_gguf
from students.quiet import quiet
from teachers.base import Reply, Teacher
from tests.teachers.contract import ask, with_teacher

SHAPE = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "initializer_range": 0.2,  # large enough for answers that hang on the whole prompt
}


LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


@pytest.fixture(autouse=True)
def one_ggml_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teachers.local.gguf.cores", lambda: 1)


def save(tokenizer: Any, folder: Path, kind: str, **more: Any) -> Path:
    import torch
    import transformers

    torch.manual_seed(0)
    ids = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}
    config = getattr(transformers, f"{kind}Config")(vocab_size=len(tokenizer) + 8, **SHAPE, **ids, **more)
    model = getattr(transformers, f"{kind}ForCausalLM")(config)
    for name, weights in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(weights)
    with quiet():
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


TEXTS = ("Hi", "What is 12345 + 678? It's naïve.\n\n\tx", "word " * 90, *(f"{i} pears" for i in range(9)))


def replies(spec: str) -> list[Reply]:
    async def use(teacher: Teacher) -> list[Reply]:
        return [await ask(teacher, text, top_logprobs=5, max_tokens=1) for text in TEXTS]

    return with_teacher(spec, use)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("Llama", {"tie_word_embeddings": True}),
        ("Llama", {"tie_word_embeddings": False, "rope_parameters": LLAMA3, "head_dim": 32}),
        pytest.param("Mistral", {"tie_word_embeddings": False, "sliding_window": None}, marks=pytest.mark.slow),
        ("Qwen2", {"tie_word_embeddings": True}),
    ],
    ids=["llama", "llama3", "mistral", "qwen2"],
)
def test_llama_cpp_says_what_transformers_says(tokenizer: Any, tmp_path: Path, kind: str, more: dict[str, Any]) -> None:
    student, target = save(tokenizer, tmp_path / "student", kind, **more), tmp_path / "model.gguf"
    write_gguf(student, target, "f16")
    pairs = list(zip(replies(f"gguf:{target}"), replies(f"huggingface:{student}"), strict=True))
    assert [mine.usage.input_tokens for mine, _ in pairs] == [theirs.usage.input_tokens for _, theirs in pairs]
    # llama.cpp's server strips the blank that a reply begins with, and its logprobs are then dropped, aloud.
    assert [mine.text for mine, _ in pairs] == [theirs.text.lstrip() for _, theirs in pairs]
    both = [(mine.tokens[0], theirs.tokens[0]) for mine, theirs in pairs if mine.tokens and theirs.tokens]
    assert len(both) >= 2
    assert [one.logprob for one, _ in both] == pytest.approx([other.logprob for _, other in both], abs=0.01)


def test_every_row_of_the_embedding_has_a_token(tokenizer: Any, tmp_path: Path) -> None:
    write_gguf(save(tokenizer, tmp_path / "student", "Llama"), tmp_path / "model.gguf", "f16")
    fields = gguf.GGUFReader(tmp_path / "model.gguf").fields
    tokens, types = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    assert len(tokens.data) == len(types.data) == len(tokenizer) + 8
    assert types.contents(-1) == gguf.TokenType.UNUSED
    assert fields["tokenizer.chat_template"].contents() == tokenizer.chat_template


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"architectures": ["GPT2LMHeadModel"]}, "no GGUF writer for GPT2LMHeadModel"),
        ({"hidden_act": "gelu"}, "activation 'gelu'"),
        ({"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}, "rope scaling 'linear'"),
    ],
)
def test_what_it_has_no_words_for_is_refused(tiny: Path, tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    student = Path(shutil.copytree(tiny, tmp_path / "student"))
    config = json.loads((student / "config.json").read_text())
    (student / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(InputError, match=problem):
        write_gguf(student, tmp_path / "model.gguf", "f16")
