"""Rows with logprobs, and a corpus of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from prompts.token_bytes import token_bytes

TOP = pa.list_(pa.struct([("bytes", pa.binary()), ("id", pa.int32()), ("logprob", pa.float32())]))
TOKENS = pa.list_(pa.struct([("bytes", pa.binary()), ("id", pa.int32()), ("logprob", pa.float32()), ("top", TOP)]))


def with_tokens(rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """The rows with logprobs of a teacher with this tokenizer, nine tenths sure of its label's first token."""
    of = token_bytes(tokenizer)
    for row in rows:
        ids = tokenizer(row["completion"][0]["content"], add_special_tokens=False)["input_ids"]
        pieces = [of(index) for index in ids]
        row["tokens"] = [
            {"bytes": piece, "id": None, "logprob": -0.1, "top": [{"bytes": piece, "id": None, "logprob": -0.1}]}
            for piece in pieces
        ]
        other = "ham" if pieces[0].startswith(b"sp") else "spam"
        row["tokens"][0]["top"].append({"bytes": other.encode(), "id": None, "logprob": -2.4})
    return rows


def write(rows: list[dict[str, Any]], place: Path) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    path = place / "kept.parquet"
    columns = {name: [row.get(name) for row in rows] for name in {name for row in rows for name in row}}
    arrays = {
        name: pa.array(values, TOKENS) if name == "tokens" else pa.array(values) for name, values in columns.items()
    }
    pq.write_table(pa.table(arrays), path)
    return path
