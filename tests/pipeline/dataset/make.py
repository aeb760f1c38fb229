"""A run that kept some prompts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.curate.both_sides import KEPT
from pipeline.run.records import write_parquet
from prompts.messages import MessageDict

GOLD = "the-answer-nobody-may-see"


SYSTEM: MessageDict = {"role": "system", "content": "Be brief."}


def user(text: str) -> MessageDict:
    return {"role": "user", "content": text}


def assistant(text: str) -> MessageDict:
    return {"role": "assistant", "content": text}


LONG = [SYSTEM, user("Hi"), assistant("Hello"), user('Say "né"\n🌱')]


def kept(run: Path, prompts: list[list[MessageDict]], splits: list[str] | None = None) -> Path:
    """A run that kept these prompts, each answered with its last turn's text."""
    run.mkdir(exist_ok=True)
    blank = dict.fromkeys(KEPT.names)
    rows = [
        {
            **blank,
            "prompt": prompt,
            "completion": [assistant(f"to {prompt[-1]['content']}")],
            "split": split,
            "gold": GOLD,
        }
        for prompt, split in zip(prompts, splits or ["train"] * len(prompts), strict=True)
    ]
    write_parquet(run / "kept.parquet", KEPT, rows)
    return run


def lines(done: dict[str, Any]) -> list[Any]:
    text = Path(done["path"]).read_text(encoding="utf-8")
    assert GOLD not in text
    return [json.loads(line) for line in text.splitlines()]
