"""The samples that a person goes through, as they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.review.candidates import Candidate, by_prompt, labels_of, read_answers, read_candidates, read_recipe
from pipeline.review.order import OrderBy, ordered
from pipeline.run.directory import RunDir
from pipeline.run.records import read_rows, spec_of
from prompts.messages import MessageDict

_COLUMNS = ["sample_id", "prompt_id", "split", "prompt", "completion", "teacher"]
STUDENT = "student"
"""The student's name in answers.parquet."""


@dataclass(slots=True, frozen=True)
class Item:
    """One answer to judge, with all that a reviewer is shown: not gold, which would then train through their words."""

    sample_id: str
    prompt_id: str
    split: str
    prompt: list[MessageDict]
    """What the student is asked."""
    completion: str
    teacher: str
    verdict: str
    """kept, or the step and the reason by which it was dropped."""
    other_id: str | None = None
    """Another sample of the prompt that says something else, where there is one, and what it says."""
    other: str | None = None
    student: str | None = None
    """What the student answers, where it was evaluated."""


@dataclass(slots=True, frozen=True)
class Selection:
    """Which of a run's samples are gone through, and in which order."""

    by: OrderBy
    split: str
    """train, heldout or all."""
    limit: int | None
    """The most samples; None: all."""


@dataclass(slots=True, frozen=True)
class Pile:
    """What is gone through, in order."""

    items: tuple[Item, ...]
    labels: tuple[str, ...]
    """The only answers there are; empty where any text may be one."""
    by: str
    """What the order goes by, in words."""
    total: int
    """How many there are without the limit."""


def read_pile(run: RunDir, selection: Selection) -> Pile:
    """Reads the selected items; the run's files are read twice, and no more than these items are held."""
    recipe = read_recipe(run)
    labels = labels_of(recipe)
    student = read_answers(run.answers, STUDENT)
    candidates = read_candidates(run, selection.split, labels)
    order, words = ordered(candidates, selection.by, student=student, labels=labels)
    chosen = order[: selection.limit]
    other_ids = _other_ids(candidates, chosen)
    # Only these are read whole: a candidate is its answer and a few numbers.
    wanted = {candidate.sample_id for candidate in chosen} | set(other_ids.values())
    loaded = {item.sample_id: item for item in load_items(run, wanted)}
    items: list[Item] = []
    for candidate in chosen:
        item = replace(loaded[candidate.sample_id], student=student.get(candidate.prompt_id))
        if item.sample_id in other_ids:
            other = loaded[other_ids[item.sample_id]]
            item = replace(item, other_id=other.sample_id, other=other.completion)
        items.append(item)
    return Pile(tuple(items), labels, words, len(order))


def _other_ids(candidates: Sequence[Candidate], chosen: Sequence[Candidate]) -> dict[str, str]:
    """Finds, per chosen sample, the one to show beside it: the prompt's first that is another."""
    groups = by_prompt(candidates)
    other_ids: dict[str, str] = {}
    for candidate in chosen:
        for other in groups[candidate.prompt_id]:
            if other.sample_id != candidate.sample_id:
                other_ids[candidate.sample_id] = other.sample_id
                break
    return other_ids


def load_items(run: RunDir, wanted: set[str]) -> Iterator[Item]:
    """Yields the wanted samples of a run, by id; those that it does not have are not among them."""
    for row in read_rows(run.kept, _COLUMNS):
        if row["sample_id"] in wanted:
            yield _item(row, "kept")
    for row in read_rows(run.dropped, [*_COLUMNS, "step", "reason"]):
        if row["sample_id"] in wanted:
            yield _item(row, f"dropped by {row['step']}: {row['reason']}")


def _item(row: dict[str, Any], verdict: str) -> Item:
    return Item(
        sample_id=row["sample_id"],
        prompt_id=row["prompt_id"],
        split=row["split"],
        prompt=row["prompt"],
        completion=row["completion"][-1]["content"] if row["completion"] else "",
        teacher=spec_of(row["teacher"]),
        verdict=verdict,
    )
