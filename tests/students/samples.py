"""What the tests train: spam or ham by subject, and a random model with a real tokenizer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from students.quiet import quiet

SPAM, HAM = "cheap pills", "project meeting"
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
SCHEMA = pa.schema([("prompt_id", pa.string()), ("prompt", MESSAGES), ("completion", MESSAGES), ("split", pa.string())])
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


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return path


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
    with quiet():
        LlamaForCausalLM(config).save_pretrained(target)
    tokenizer.save_pretrained(target)
    return target
