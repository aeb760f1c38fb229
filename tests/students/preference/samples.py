"""Pairs of a better and a worse reply, in the files that a training reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.students.samples import MESSAGES, corpus_rows

SCHEMA = pa.schema(
    [
        ("prompt", MESSAGES),
        ("chosen", MESSAGES),
        ("rejected", MESSAGES),
        ("split", pa.string()),
        ("group", pa.string()),
        ("prompt_id", pa.string()),
    ]
)
OTHER = {"spam": "ham", "ham": "perhaps spam"}


def say(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def pair_rows(count: int = 41) -> list[dict[str, Any]]:
    """Corpus rows with the label as the better reply and another one as the worse."""
    return [
        {
            "prompt": row["prompt"],
            "chosen": row["completion"],
            "rejected": say(OTHER[row["completion"][0]["content"]]),
            "split": "train",
            "prompt_id": row["prompt_id"],
        }
        for row in corpus_rows(count)
    ]


def write_own(place: Path, pairs: list[dict[str, Any]], kept: list[dict[str, Any]] | None = None) -> Path:
    """A corpus with preferences beside it, as curation leaves them."""
    place.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(pairs, SCHEMA), place / "preferences.parquet")
    pq.write_table(pa.Table.from_pylist(corpus_rows(41) if kept is None else kept), place / "kept.parquet")
    return place / "kept.parquet"


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
