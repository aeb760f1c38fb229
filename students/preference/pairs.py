"""Preferences from a file: what was chosen and what was rejected for a prompt. Parquet or JSONL, a row each.

`prompt`, `chosen` and `rejected` are lists of `{role, content}`. One of the two replies may be null: a reply that is
good or bad, compared with none. `split`, `group` and `prompt_id` are optional; rows without a split are train rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prompts.digest import digest
from prompts.errors import InputError
from prompts.messages import MessageDict
from prompts.sources.rows import read_rows
from students.corpus.data import is_message, key_of

SPLITS = (None, "train", "heldout")


@dataclass(slots=True, frozen=True)
class Pair:
    """A better and a worse reply to one prompt, or only one of them."""

    prompt: list[MessageDict]
    chosen: list[MessageDict] | None
    rejected: list[MessageDict] | None
    key: str
    """The same for rows that must stay on one side of a split."""
    name: str
    """What messages call it."""


@dataclass(slots=True)
class Passed:
    """Train rows that nothing is learnt from, counted while a file is read."""

    alike: int = 0
    """The chosen and the rejected reply are the same."""
    heldout: int = 0
    """The prompt is one of the corpus's held-out ones, which score the student."""


def read_pairs(path: Path, heldout: frozenset[str], passed: Passed) -> Iterator[Pair]:
    """The train rows one by one, in the file's order, but those that `passed` counts.

    `heldout` are digests of prompts that must not be trained on. Raises InputError with file, line and field.
    """
    for row in read_rows(path):
        values = row.values
        if _split(path, row.line, values) == "heldout":
            continue
        pair = _pair(path, row.line, values)
        if pair.chosen == pair.rejected:
            passed.alike += 1
        elif digest(pair.prompt) in heldout:
            passed.heldout += 1
        else:
            yield pair


def _split(path: Path, line: int, values: dict[str, Any]) -> str | None:
    split: str | None = values.get("split")
    if split not in SPLITS:
        raise InputError(f"is {split!r}", path=path, line=line, field="split", remedy="Use train, heldout or null")
    return split


def _pair(path: Path, line: int, values: dict[str, Any]) -> Pair:
    prompt = _messages(path, line, "prompt", values)
    chosen = _messages(path, line, "chosen", values)
    rejected = _messages(path, line, "rejected", values)
    remedy = "Give a list of {role, content}; of chosen and rejected, one may be null"
    if prompt is None:
        raise InputError("is null", path=path, line=line, field="prompt", remedy=remedy)
    if chosen is None and rejected is None:
        raise InputError("is null", path=path, line=line, field="chosen", remedy=remedy)
    # Of the messages as they were read: another field beside role and content must not part a group.
    key = key_of({**values, "prompt": prompt})
    return Pair(prompt, chosen, rejected, key, f"{path.name}:{line}")


def _messages(path: Path, line: int, field: str, values: dict[str, Any]) -> list[MessageDict] | None:
    if field not in values:
        remedy = f"A row needs prompt, chosen and rejected; this one has {', '.join(values) or 'nothing'}"
        raise InputError("is missing", path=path, line=line, field=field, remedy=remedy)
    messages = values[field]
    if messages is None:
        return None
    if not isinstance(messages, list) or not messages or not all(is_message(turn) for turn in messages):
        remedy = 'For example [{"role": "assistant", "content": "..."}]'
        raise InputError(f"is no list of messages: {messages!r:.60}", path=path, line=line, field=field, remedy=remedy)
    return [MessageDict(role=turn["role"], content=turn["content"]) for turn in messages]
