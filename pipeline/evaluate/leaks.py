"""What may flatter the student: answers learned by heart, and held-out prompts whose like it was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.curate.clusters import near_clusters
from pipeline.curate.split import NGRAM
from pipeline.evaluate.answers.contestants import Answer, HeldoutRow
from pipeline.recipe.curate import Split
from pipeline.run.records import read_rows
from prompts.words import words

FEWEST_WORDS = 8
"""A shorter answer, a label above all, is many prompts' own."""
MOST_IDS = 20
NEAR = Split().near or 0.8


def find_leaks(kept: Path, rows: Sequence[HeldoutRow], student: Sequence[Answer]) -> dict[str, Any]:
    """`memorised`: the student's answers that are, word for word, what it learned for another prompt. `contaminated`:
    held-out prompts in one cluster of near-duplicates with a train prompt, as curation's split has clusters."""
    train = [row for row in read_rows(kept, ["prompt_id", "prompt", "completion", "split"]) if row["split"] == "train"]
    return {"memorised": {"student": _memorised(train, rows, student)}, "contaminated": _contaminated(train, rows)}


def _memorised(
    train: Sequence[Mapping[str, Any]], rows: Sequence[HeldoutRow], said: Sequence[Answer]
) -> dict[str, Any]:
    owners: dict[str, set[str]] = {}
    for row in train:
        owners.setdefault(row["completion"][-1]["content"].strip(), set()).add(row["prompt_id"])
    found = [
        row.prompt_id
        for row, answer in zip(rows, said, strict=True)
        if len(words(answer.text)) >= FEWEST_WORDS and owners.get(answer.text.strip(), set()) - {row.prompt_id}
    ]
    return _counted(found, rows)


def _contaminated(train: Sequence[Mapping[str, Any]], rows: Sequence[HeldoutRow]) -> dict[str, Any]:
    asked = {row["prompt_id"]: "\n".join(turn["content"] for turn in row["prompt"]) for row in train}
    held = ["\n".join(turn.content for turn in row.student_messages) for row in rows]
    clusters = near_clusters([*asked.values(), *held], NEAR, NGRAM).tolist()
    trained = set(clusters[: len(asked)])
    found = [row.prompt_id for row, cluster in zip(rows, clusters[len(asked) :], strict=True) if cluster in trained]
    return _counted(found, rows)


def _counted(ids: Sequence[str], rows: Sequence[HeldoutRow]) -> dict[str, Any]:
    return {"count": len(ids), "rows": len(rows), "ids": list(ids[:MOST_IDS])}
