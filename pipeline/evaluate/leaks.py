"""Flattery of the student: answers learned by heart, and held-out prompts whose like it was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.curate.clusters import near_clusters
from pipeline.curate.split import NGRAM
from pipeline.evaluate.answers.contestants import Answer, HeldoutRow
from pipeline.recipe.curate import Split
from pipeline.run.evaluation.checks import Leak
from pipeline.run.records import read_rows
from prompts.words import words

FEWEST_WORDS = 8
"""A shorter answer, a label above all, is many prompts' own."""
MOST_IDS = 20
NEAR = Split().near or 0.8


@dataclass(slots=True, frozen=True)
class Leaks:
    """Both ways in which something was seen before."""

    memorised: Leak
    """The student's answers that are, word for word, what it learned for another prompt."""
    contaminated: Leak
    """Held-out prompts in one cluster of near-duplicates with a train prompt, as curation's split has clusters."""


def find_leaks(kept: Path, rows: Sequence[HeldoutRow], student: Sequence[Answer]) -> Leaks:
    """Looks for both in the corpus that the student was trained on."""
    train = []
    for row in read_rows(kept, ["prompt_id", "prompt", "completion", "split"]):
        if row["split"] == "train":
            train.append(row)
    return Leaks(_memorised(train, rows, student), _contaminated(train, rows))


def _memorised(train: Sequence[Mapping[str, Any]], rows: Sequence[HeldoutRow], answers: Sequence[Answer]) -> Leak:
    owners: dict[str, set[str]] = {}
    for learned in train:
        owners.setdefault(learned["completion"][-1]["content"].strip(), set()).add(learned["prompt_id"])
    ids = []
    for row, answer in zip(rows, answers, strict=True):
        others = owners.get(answer.text.strip(), set()) - {row.prompt_id}
        if others and len(words(answer.text)) >= FEWEST_WORDS:
            ids.append(row.prompt_id)
    return _leak(ids, rows)


def _contaminated(train: Sequence[Mapping[str, Any]], rows: Sequence[HeldoutRow]) -> Leak:
    trained = {}  # by prompt: several samples of one are there once
    for learned in train:
        trained[learned["prompt_id"]] = _join(turn["content"] for turn in learned["prompt"])
    held_out = [_join(turn.content for turn in row.student_messages) for row in rows]
    # Together, as the split does it: what is near to what is near is in the same cluster.
    clusters = near_clusters([*trained.values(), *held_out], NEAR, NGRAM).tolist()
    seen = set(clusters[: len(trained)])
    pairs = zip(rows, clusters[len(trained) :], strict=True)
    return _leak([row.prompt_id for row, cluster in pairs if cluster in seen], rows)


def _join(contents: Iterable[str]) -> str:
    return "\n".join(contents)


def _leak(ids: Sequence[str], rows: Sequence[HeldoutRow]) -> Leak:
    return Leak(len(ids), len(rows), tuple(ids[:MOST_IDS]))
