"""What there is to review: every distinct answer to every prompt, kept or dropped, and how sure its teacher was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.curate.certainty import TOGETHER, how_sure
from pipeline.curate.label_logprobs import label_logprobs
from pipeline.curate.tokens import TokenFile, Tokens
from pipeline.recipe.load import read_resolved
from pipeline.recipe.recipe import Recipe
from pipeline.run.directory import RunDir
from pipeline.run.records import read_rows
from prompts.errors import InputError
from prompts.labels import bare_label
from prompts.text import normalise

Side = Literal["kept", "dropped"]
Key = tuple[str, str]
"""Prompt id, and the answer in the form in which answers are compared."""


@dataclass(slots=True, frozen=True)
class Candidate:
    """An answer to a prompt: of the samples that say it, a kept one, else the first by id."""

    sample_id: str
    key: Key
    split: str
    side: Side
    label_margin: float | None
    """Log-probability of the likeliest label less the next one's, in nats; None without label logprobs."""
    vote_margin: float | None
    """Share of the most voted answer less the next one's; None without a vote."""
    mean_logprob: float | None
    """Of the reply's tokens, in nats; None without logprobs."""


def read_recipe(run: RunDir) -> Recipe:
    """The run's resolved recipe, whose sources may be gone; InputError where `run` is none or has no corpus."""
    run.load_manifest()
    for path in (run.kept, run.dropped):
        if not path.is_file():
            raise InputError("no such file", path=path, remedy="Run 'stillhouse run RECIPE --until curate' first")
    return read_resolved(run.recipe)


def labels_of(recipe: Recipe) -> tuple[str, ...]:
    """The only answers there are, where the recipe says so: its scorer's, else a step's; empty where it does not."""
    if recipe.evaluate.answers_known:
        return tuple(recipe.evaluate.answers_known)
    for step in recipe.curation.steps:
        if step.labels_known:
            return tuple(step.labels_known)
    return ()


def normal(text: str, labels: Sequence[str]) -> str:
    """An answer as answers are compared."""
    return bare_label(text) if labels else normalise(text)


def read_candidates(run: RunDir, split: str, labels: Sequence[str]) -> list[Candidate]:
    """The distinct answers on a side of the split, or on `all`; a row group's tokens in memory at a time."""
    found: dict[Key, Candidate] = {}
    sides: tuple[tuple[Side, Path], ...] = (("kept", run.kept), ("dropped", run.dropped))
    for side, path in sides:
        for one in sorted(_of_file(side, path, split, labels), key=lambda one: one.sample_id):
            found.setdefault(one.key, one)
    return list(found.values())


def by_prompt(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    """Each prompt's answers, the kept ones first, then by sample id."""
    found: dict[str, list[Candidate]] = defaultdict(list)
    for one in sorted(candidates, key=lambda one: (one.side == "dropped", one.sample_id)):
        found[one.key[0]].append(one)
    return found


def read_answers(path: Path, contestant: str) -> dict[str, str]:
    """What a contestant of the evaluation answered, by prompt id; empty where nothing was evaluated."""
    wanted = ["prompt_id", "contestant", "text"]
    if not path.exists() or not {*wanted} <= {*pq.read_schema(path).names}:
        return {}
    return {row["prompt_id"]: row["text"] or "" for row in read_rows(path, wanted) if row["contestant"] == contestant}


def _of_file(side: Side, path: Path, split: str, labels: Sequence[str]) -> Iterator[Candidate]:
    tokens = TokenFile(path)
    rows = enumerate(read_rows(path, ["sample_id", "prompt_id", "split", "completion", "soft_labels"]))
    chosen = ((tokens.row(place), row) for place, row in rows if split in ("all", row["split"]))
    while some := list(islice(chosen, TOGETHER)):
        arrays = [found.array() for found, _ in some]
        for array, mean, (_, row) in zip(arrays, how_sure(arrays, "mean"), some, strict=True):
            yield _candidate(side, row, array, mean, labels)


def _candidate(
    side: Side, row: dict[str, Any], tokens: pa.StructArray, mean: float | None, labels: Sequence[str]
) -> Candidate:
    shares = [one["share"] for one in row["soft_labels"] or ()]
    logs = label_logprobs(Tokens(lambda: tokens).first(), labels) if labels else None
    text = row["completion"][-1]["content"] if row["completion"] else ""
    key = (row["prompt_id"], normal(text, labels))
    return Candidate(row["sample_id"], key, row["split"], side, _margin(logs or ()), _margin(shares), mean)


def _margin(values: Sequence[float]) -> float | None:
    """The largest less the next; None of fewer than two."""
    first, second, *_ = [*sorted(values, reverse=True), None, None]
    return None if first is None or second is None else first - second
