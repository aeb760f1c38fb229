"""Reads the evaluation rows: every held-out prompt that can be scored, whatever became of the teacher's reply.

A prompt whose reply was refused or malformed is still a question the student must answer, so it stays; a
comparison on only the prompts that the teacher handled well would flatter the teacher.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.evaluate.answers.contestants import Answer, HeldoutRow
from pipeline.evaluate.answers.readings import read_tokens
from pipeline.recipe.evaluate import Evaluate
from pipeline.run import records
from prompts.errors import InputError
from prompts.messages import from_dicts
from teachers.base import ANSWERS

HELDOUT = "heldout"

COLUMNS = [
    *("prompt_id", "messages", "reply", "outcome", "usage", "cost_usd", "latency_s"),
    *("gold", "group", "tokens", "prompt", "completion", "split", "soft_labels"),
]


@dataclass(slots=True, frozen=True)
class Selection:
    """The rows, by prompt id, and how many held-out rows were left out, by reason."""

    rows: tuple[HeldoutRow, ...]
    left_out: dict[str, int]


def read_evaluation_rows(kept: Path, dropped: Path, replies: Path, config: Evaluate) -> Selection:
    """Reads a run's evaluation rows; InputError where there is none.

    A row without a gold answer is left out, unless a judge scores or no row has one: there is then nothing to score
    against, and what needs no score can still be said. A prompt with several samples is there once: by a kept sample
    if it has one. Order and `limit` go by prompt id, a digest: a limit that went by file order would favour the kept
    ones.
    """
    rows, seen, left_out = _heldout_rows(kept, dropped, config)
    if not rows:
        raise InputError(
            "no row is held out, so nothing can be compared",
            path=kept,
            field="curate.split.heldout",
            remedy="Set a share above 0, or bring more rows. The student is trained and usable",
        )
    golds = [row.gold for row in rows.values() if row.gold is not None]
    if config.scorer.needs_gold and golds:
        left_out["no_gold"] = len(rows) - len(golds)
        rows = {key: row for key, row in rows.items() if row.gold is not None}
    # Before anyone is asked anything: gold that no answer can reach, or a part that is not installed.
    config.to_scorer().check(golds)
    left_out["unanswered"] = _count_unanswered(replies, seen)
    chosen = [rows[key] for key in sorted(rows)][: config.limit]
    left_out["over_limit"] = len(rows) - len(chosen)
    return Selection(tuple(chosen), {reason: count for reason, count in sorted(left_out.items()) if count})


def _heldout_rows(kept: Path, dropped: Path, config: Evaluate) -> tuple[dict[str, HeldoutRow], set[str], Counter[str]]:
    """Returns the rows by prompt id, every prompt id of either file, and how many rows were left out by reason."""
    rows: dict[str, HeldoutRow] = {}
    seen: set[str] = set()
    left_out: Counter[str] = Counter()
    for values in _read(kept, dropped):
        seen.add(values["prompt_id"])
        if values["split"] != HELDOUT:
            continue
        reason = _why_left_out(values, rows)
        if reason is None:
            rows[values["prompt_id"]] = _to_row(values, config)
        else:
            left_out[reason] += 1
    return rows, seen, left_out


def _read(kept: Path, dropped: Path) -> Iterator[dict[str, Any]]:
    for values in records.read_rows(kept, COLUMNS):
        yield values | {"step": None, "reason": None}
    yield from records.read_rows(dropped, [*COLUMNS, "step", "reason"])


def _why_left_out(values: Mapping[str, Any], rows: Mapping[str, HeldoutRow]) -> str | None:
    # Its twin is among the rows: the same prompt twice would count twice.
    if values["step"] == "exact":
        return "duplicate"
    if (values["step"], values["reason"]) == ("agreement", "not_chosen") or values["prompt_id"] in rows:
        return "other_sample"
    return None


def _to_row(values: Mapping[str, Any], config: Evaluate) -> HeldoutRow:
    usage = values["usage"] or {}
    reply = Answer(
        text=values["reply"] or "",
        outcome=values["outcome"],
        input_tokens=usage.get("input_tokens"),
        output_tokens=usage.get("output_tokens"),
        latency_s=values["latency_s"],
        cost_usd=values["cost_usd"],
    )
    completion = reply.text
    if values["completion"]:
        completion = values["completion"][-1]["content"]
    return HeldoutRow(
        prompt_id=values["prompt_id"],
        gold=values["gold"],
        student_messages=from_dicts(values["prompt"]),
        teacher_messages=from_dicts(values["messages"]),
        reply=read_tokens(reply, values["tokens"], config.labels),
        completion=completion,
        group=values["group"],
        shares={label["text"]: label["share"] for label in values["soft_labels"] or ()},
    )


def _count_unanswered(replies: Path, seen: set[str]) -> int:
    """Counts the prompts that never got an answer: in neither file, so on neither side of the split."""
    failed = records.read_rows(replies, ["prompt_id", "outcome"])
    return len({row["prompt_id"] for row in failed if row["outcome"] not in ANSWERS} - seen)
