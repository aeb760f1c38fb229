"""A log of one record, and answers as they are streamed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prompts.logs.logged import Logged
from prompts.logs.read import Skipped, read_logs
from prompts.messages import Message
from tests.prompts.log_records import (
    converse,
    write_jsonl,
)

LLAMA = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nWhy?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
)
BRIEF = (Message("system", "Be brief."), Message("user", "Why?"))
WHY = (Message("user", "Why?"),)


def call_of(tmp_path: Path, record: Any) -> Logged:
    (call,) = read_logs(write_jsonl(tmp_path / "log.jsonl", [record]))
    return call


def reason(tmp_path: Path, record: Any) -> str:
    """Why a record was skipped, beside one that was not."""
    skipped = Skipped()
    assert len(list(read_logs(write_jsonl(tmp_path / "log.jsonl", [record, converse("a", "b")]), skipped))) == 1
    ((name, count),) = skipped.counts.items()
    assert count == 1
    assert skipped.first[name].endswith("log.jsonl:1")
    return name


def chunks(*texts: str) -> list[dict[str, Any]]:
    deltas = [{"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]} for text in texts]
    return [*deltas, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]


def nova_events(*texts: str) -> list[dict[str, Any]]:
    deltas = [{"contentBlockDelta": {"delta": {"text": text}, "contentBlockIndex": 0}} for text in texts]
    return [
        {"messageStart": {"role": "assistant"}},
        *deltas,
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"messageStop": {"stopReason": "end_turn"}},
        {"metadata": {"usage": {"inputTokens": 1, "outputTokens": 2}}},
    ]
