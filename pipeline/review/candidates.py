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


@dataclass(slots=True, frozen=True)
class Candidate:
    """An answer to a prompt: of the samples that say it, a kept one, else the first by id."""

    sample_id: str
    prompt_id: str
    answer: str
    """In the form in which answers are compared."""
    split: str
    side: Side
    label_margin: float | None
    """Log-probability of the likeliest label less the next one's, in nats; None without label logprobs."""
    vote_margin: float | None
    """Share of the most voted answer less the next one's; None without a vote."""
    mean_logprob: float | None
    """Of the reply's tokens, in nats; None without logprobs."""


def read_recipe(run: RunDir) -> Recipe:
    """Reads the run's resolved recipe, whose sources may be gone; InputError where `run` is none or has no corpus."""
    run.load_manifest()
    for path in (run.kept, run.dropped):
        if not path.is_file():
            raise InputError("no such file", path=path, remedy="Run 'stillhouse run RECIPE --until curate' first")
    return read_resolved(run.recipe)


def labels_of(recipe: Recipe) -> tuple[str, ...]:
    """Returns the only answers there are, where the recipe names them: its scorer's, else a step's; else none."""
    if recipe.evaluate.answers_known:
        return tuple(recipe.evaluate.answers_known)
    for step in recipe.curation.steps:
        if step.labels_known:
            return tuple(step.labels_known)
    return ()


def normal(text: str, labels: Sequence[str]) -> str:
    """Brings an answer into the form in which answers are compared."""
    return bare_label(text) if labels else normalise(text)


def read_candidates(run: RunDir, split: str, labels: Sequence[str]) -> list[Candidate]:
    """Reads the distinct answers on a side of the split, or on `all`; a row group's tokens in memory at a time."""
    distinct: dict[tuple[str, str], Candidate] = {}
    sides: tuple[tuple[Side, Path], ...] = (("kept", run.kept), ("dropped", run.dropped))
    for side, path in sides:
        candidates = _of_file(side, path, split, labels)
        for candidate in sorted(candidates, key=lambda candidate: candidate.sample_id):
            # Kept samples come first, and among them the smallest id: every reviewer is shown the same one.
            distinct.setdefault((candidate.prompt_id, candidate.answer), candidate)
    return list(distinct.values())


def by_prompt(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    """Groups the candidates by prompt, the kept ones first, then by sample id."""
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=lambda candidate: (candidate.side == "dropped", candidate.sample_id)):
        groups[candidate.prompt_id].append(candidate)
    return groups


def read_answers(path: Path, contestant: str) -> dict[str, str]:
    """Reads what a contestant of the evaluation answered, by prompt id; empty where nothing was evaluated."""
    wanted = ["prompt_id", "contestant", "text"]
    if not path.exists() or not {*wanted} <= {*pq.read_schema(path).names}:
        return {}
    answers: dict[str, str] = {}
    for row in read_rows(path, wanted):
        if row["contestant"] == contestant:
            answers[row["prompt_id"]] = row["text"] or ""
    return answers


def _of_file(side: Side, path: Path, split: str, labels: Sequence[str]) -> Iterator[Candidate]:
    # Some at a time: a row's tokens measured alone would be Arrow's overhead for the most part.
    wanted = _rows_of_split(path, split)
    while rows := list(islice(wanted, TOGETHER)):
        arrays = [tokens.array() for tokens, _ in rows]
        for array, mean, (_, row) in zip(arrays, how_sure(arrays, "mean"), rows, strict=True):
            yield _candidate(side, row, array, mean, labels)


def _rows_of_split(path: Path, split: str) -> Iterator[tuple[Tokens, dict[str, Any]]]:
    tokens = TokenFile(path)
    columns = ["sample_id", "prompt_id", "split", "completion", "soft_labels"]
    for place, row in enumerate(read_rows(path, columns)):
        if split in ("all", row["split"]):
            yield tokens.row(place), row


def _candidate(
    side: Side, row: dict[str, Any], tokens: pa.StructArray, mean: float | None, labels: Sequence[str]
) -> Candidate:
    # Without labels the first token decides nothing that a margin could be of.
    logprobs = label_logprobs(Tokens(lambda: tokens).first(), labels) if labels else None
    text = row["completion"][-1]["content"] if row["completion"] else ""
    return Candidate(
        sample_id=row["sample_id"],
        prompt_id=row["prompt_id"],
        answer=normal(text, labels),
        split=row["split"],
        side=side,
        label_margin=_margin(logprobs or ()),
        vote_margin=_margin([label["share"] for label in row["soft_labels"] or ()]),
        mean_logprob=mean,
    )


def _margin(values: Sequence[float]) -> float | None:
    """Returns the largest less the next; None of fewer than two."""
    if len(values) < 2:
        return None
    first, second, *_ = sorted(values, reverse=True)
    return first - second
