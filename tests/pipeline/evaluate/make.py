"""Rows and contestants for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.evaluate.answers.contestants import Answer, Contestant, HeldoutRow
from pipeline.recipe.evaluate import Evaluate
from prompts.messages import Message

LABELS = Evaluate(scorer="label", labels=["spam", "ham"], resamples=200)


def row(
    name: str, gold: str | None = "spam", reply: str = "spam", completion: str | None = None, **more: Any
) -> HeldoutRow:
    asked = (Message("user", f"Is {name} spam?"),)
    answer = Answer(reply, input_tokens=400, output_tokens=2, latency_s=0.5)
    return HeldoutRow(name, gold, asked, asked, answer, reply if completion is None else completion, **more)


def contestant(name: str, texts: Sequence[str], **more: Any) -> Contestant:
    answers = tuple(Answer(text, input_tokens=40, output_tokens=2, latency_s=0.1) for text in texts)
    return Contestant(name, f"scripted:{name}", answers, **more)


def parquet_row(prompt_id: str, **values: Any) -> dict[str, Any]:
    """A row of kept.parquet or dropped.parquet, held out unless it says otherwise."""
    student_messages = [{"role": "user", "content": prompt_id}]
    given: dict[str, Any] = {
        "sample_id": f"{prompt_id}-0",
        "prompt_id": prompt_id,
        "messages": [
            {"role": "user", "content": "example"},
            {"role": "assistant", "content": "ham"},
            *student_messages,
        ],
        "reply": "spam",
        "outcome": "ok",
        "usage": {"input_tokens": 300, "output_tokens": 1},
        "latency_s": 0.4,
        "gold": "spam",
        "prompt": student_messages,
        "completion": [{"role": "assistant", "content": "spam"}],
        "split": "heldout",
    }
    return given | values
