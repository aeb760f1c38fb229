"""What the tests train on: spam or ham by subject."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

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
