"""What preferences teach from: pairs, or for KTO single replies, read and encoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from datasets import Dataset

from prompts.digest import digest, digest_file
from prompts.errors import InputError
from prompts.messages import MessageDict
from students.config import StudentConfig
from students.corpus.data import TrainingRow, read_rows, watched_keys
from students.corpus.encode import IGNORED, encode_row
from students.corpus.order import answers_of
from students.job import Job
from students.method import Data
from students.methods.preference import Preference
from students.preference.pairs import Pair, Passed, read_pairs
from students.sft.method import require_rows

OWN = "preferences.parquet"
"""What curation writes beside kept.parquet."""

STEPS = "agreement, best, judge or verify"
"""The curation steps that reject a reply as worse."""

Item = tuple[str, str, dict[str, Any]]
"""A row's key, its name, and its columns."""


def settings_of(config: StudentConfig) -> Preference:
    """The section, or its defaults."""
    return config.preference or Preference()


def load_data(job: Job, tokenizer: Any) -> Data:
    """Pairs, or for KTO single replies, encoded; validation rows are carved out by group as for every method.

    Raises InputError for a file that cannot be read, for one without pairs, and where no row fits `max_length`.
    """
    kto = settings_of(job.config).loss == "kto"
    file, passed = pairs_file(job), Passed()
    found = list(read_pairs(file, heldout_prompts(job), passed))
    items = list(_replies(found, job, tokenizer) if kto else _pairs(found, tokenizer))
    watched = require_items(file, items, len(found), kto, job.config.validation_fraction)
    fits = [item for item in items if _length(item) <= job.config.max_length]
    train = [item for item in fits if item[0] not in watched]
    validation = [item for item in fits if item[0] in watched]
    too_long = len(items) - len(fits)
    require_rows(job, len(train), len(validation), too_long)
    require_labels(file, train)
    return Data(
        train=Dataset.from_list([columns for _, _, columns in train]),
        validation=Dataset.from_list([columns for _, _, columns in validation]),
        lengths=[_length(item) for item in train],
        too_long=too_long,
        digest=digest([digest_file(file), digest_file(job.corpus)]),
        measures=_measures(train, passed),
        names=[name for _, name, _ in train],
        answers=answers_of(_said(columns) for _, _, columns in train),
    )


def pairs_file(job: Job) -> Path:
    """The user's file, else the one beside the corpus; InputError where it is not there."""
    given = settings_of(job.config).pairs
    if given is not None:
        return Path(given)
    own = job.corpus.with_name(OWN)
    if not own.exists():
        raise InputError("no such file", path=own, remedy=f"Curate again: it writes {OWN}. Or set preference.pairs")
    return own


def heldout_prompts(job: Job) -> frozenset[str]:
    """Digests of the corpus's held-out prompts, where pairs come from elsewhere: they must not be trained on."""
    if settings_of(job.config).pairs is None:
        return frozenset()
    with pq.ParquetFile(job.corpus) as file:
        batches = file.iter_batches(columns=["prompt", "split"])
        rows = (row for batch in batches for row in batch.to_pylist())
        return frozenset(digest(row["prompt"]) for row in rows if row["split"] == "heldout")


def _pairs(found: Iterable[Pair], tokenizer: Any) -> Iterator[Item]:
    for pair in found:
        if pair.chosen is not None and pair.rejected is not None:
            chosen, rejected = (_encoded(pair.prompt, reply, tokenizer) for reply in (pair.chosen, pair.rejected))
            start = min(chosen[1], rejected[1])  # where a tokenizer joins the two replies' first letters to the header
            columns = {"prompt_ids": chosen[0][:start], "chosen_ids": chosen[0][start:]}
            yield pair.key, pair.name, columns | {"rejected_ids": rejected[0][start:]}


def _replies(found: Sequence[Pair], job: Job, tokenizer: Any) -> Iterator[Item]:
    """Each good and each bad reply once; the corpus's kept rows are good where the pairs are its own."""
    kept = read_rows(job.corpus) if settings_of(job.config).pairs is None else ()
    said = [(row.prompt, row.completion, True, row.key, row.name) for row in kept]
    said += [(pair.prompt, pair.chosen, True, pair.key, pair.name) for pair in found if pair.chosen]
    said += [(pair.prompt, pair.rejected, False, pair.key, pair.name) for pair in found if pair.rejected]
    distinct = {digest([prompt, reply, label]): (key, name) for prompt, reply, label, key, name in reversed(said)}
    for prompt, reply, label, key, name in said:
        if distinct.pop(digest([prompt, reply, label]), None) is not None:
            ids, start = _encoded(prompt, reply, tokenizer)
            yield key, name, {"prompt_ids": ids[:start], "completion_ids": ids[start:], "label": label}


def _encoded(prompt: list[MessageDict], reply: list[MessageDict], tokenizer: Any) -> tuple[list[int], int]:
    """A conversation's tokens, and where the reply begins."""
    encoded = encode_row(TrainingRow(prompt, reply, ""), tokenizer)
    return encoded["input_ids"], sum(label == IGNORED for label in encoded["labels"])


def _length(item: Item) -> int:
    """Tokens of the longest conversation of a row."""
    columns = item[2]
    replies = (ids for name, ids in columns.items() if name in ("chosen_ids", "rejected_ids", "completion_ids"))
    return len(columns["prompt_ids"]) + max(len(ids) for ids in replies)


def _said(columns: Mapping[str, Any]) -> list[int]:
    """What tells rows apart that teach something else: the better reply, or a reply and whether it is good."""
    said: list[int] = columns["chosen_ids"] if "chosen_ids" in columns else columns["completion_ids"]
    return [*said, int(columns.get("label", True))]


def require_items(file: Path, items: Sequence[Item], rows: int, kto: bool, fraction: float) -> set[str]:
    """The groups to watch; InputError where there is nothing to learn from, or nothing would be left to watch."""
    bad = sum(not columns["label"] for _, _, columns in items) if kto else len(items)
    if not bad:
        alone = f" of {rows:,} single replies: loss: kto learns from those" if rows and not kto else ""
        remedy = (
            f"Pairs come from several replies a prompt (generate.samples, or several teachers) and a step that picks "
            f"the better ones: {STEPS}. Or give your own: student.preference.pairs"
        )
        problem = "holds no rejected reply to train on" if kto else f"holds no pair to train on{alone}"
        raise InputError(problem, path=file, remedy=remedy)
    watched = watched_keys([key for key, _, _ in items], fraction)
    if watched == {key for key, _, _ in items}:
        problem = f"its {len(items):,} row(s) are of one prompt or group, and none would be left to watch"
        raise InputError(problem, path=file, remedy="Train on rows of at least two prompts")
    return watched


def require_labels(file: Path, train: Sequence[Item]) -> None:
    """InputError where KTO would have only good or only bad replies to train on."""
    labels = {columns["label"] for _, _, columns in train if "label" in columns}
    if len(labels) == 1:
        which = "rejected" if True in labels else "good"
        problem = f"no {which} reply is left to train on beside those that are watched"
        raise InputError(problem, path=file, remedy="Add rows of more prompts, or lower student.validation_fraction")


def _measures(train: Sequence[Item], passed: Passed) -> dict[str, float]:
    labels = [columns["label"] for _, _, columns in train if "label" in columns]
    counts = {"desirable_rows": sum(labels), "undesirable_rows": len(labels) - sum(labels)} if labels else {}
    return {**counts, "pairs_alike": passed.alike, "pairs_of_heldout_prompts": passed.heldout}
