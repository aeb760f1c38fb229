"""The corpus a student learns from, as rows of a Parquet file.

Only rows with `split = train` are read. The held-out rows score the student in the end, so they may not choose
its checkpoint either: the rows that do, the validation rows, are carved out of the train split, whole groups at
a time, so that no near-duplicate of a trained row is among them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from prompts.digest import digest, digest_file
from prompts.errors import InputError
from prompts.messages import MessageDict

REQUIRED = ("prompt", "completion", "split")
KEYS = ("group", "prompt_id")
"""Columns that say which rows belong together; the first that is not null counts."""
WHO = ("teacher", "scored_by")
"""Columns that say whose logprobs a row has."""
SIGNALS = (*WHO, "tokens", "soft_labels", "sampling")
"""Columns with what the teacher gave beside its text, all optional."""
Item = TypeVar("Item")
"""Whatever a method holds of a row."""
BATCH_ROWS = 256
"""Rows that are Python objects at once: with their logprobs they are many times what they are in the file."""


@dataclass(slots=True, frozen=True)
class TrainingRow:
    """One conversation: what the student is asked, and what its teacher answered."""

    prompt: list[MessageDict]
    completion: list[MessageDict]
    key: str
    """The same for rows that must stay on one side of a split."""
    tokens: list[dict[str, Any]] | None = None
    """Token logprobs as the pipeline records them, where they were asked for."""
    soft_labels: list[tuple[str, float]] | None = None
    """Texts and their shares, where curation made some."""
    teacher: str = ""
    """Whose logprobs these are: its spec, provider:model[@base_url]."""
    sampled_plainly: bool = True
    """Whether the text was drawn at temperature 1 and top_p 1, or at a provider's defaults."""
    name: str = ""
    """What a message calls it: its `prompt_id` where it has one, and its number in the file."""


@dataclass(slots=True, frozen=True)
class Corpus:
    """The train split in two: rows to learn from and rows to watch. Both are never empty."""

    train: tuple[TrainingRow, ...]
    validation: tuple[TrainingRow, ...]
    digest: str
    """Names the file's bytes."""


def read_corpus(path: Path, validation_fraction: float) -> Corpus:
    """Reads `prompt` and `completion` (both list<struct<role, content>>) of the rows with `split = train`.

    Raises InputError for a file that is missing, not Parquet, without these columns, with an empty message
    list, or with fewer than two groups in its train split.
    """
    rows = list(read_rows(path))
    train, validation = split_by_key(rows, validation_fraction)
    require_split(path, len(rows), len(train))
    return Corpus(tuple(train), tuple(validation), digest_file(path))


def read_rows(path: Path, also: Sequence[str] = ()) -> Iterator[TrainingRow]:
    """The rows with `split = train` one by one, in the file's order; `also` names columns of SIGNALS to read.

    Raises InputError as `read_corpus` does.
    """
    with _open(path) as file:
        names = file.schema_arrow.names
        columns = [*REQUIRED, *(name for name in (*KEYS, *also) if name in names)]
        number = 0
        for batch in file.iter_batches(BATCH_ROWS, columns=columns):
            for values in batch.to_pylist():
                number += 1  # of all splits: a message names the row of the file
                if values["split"] == "train":
                    yield _row(path, number, values)


def read_teachers(path: Path) -> set[str]:
    """The specs of those who gave the probabilities of the train rows; none where the file does not say."""
    teachers = set()
    with _open(path) as file:
        columns = [name for name in WHO if name in file.schema_arrow.names]
        if not columns:
            return set()
        for batch in file.iter_batches(columns=[*columns, "split"]):
            for values in batch.to_pylist():
                if values["split"] == "train":
                    teachers.add(_teacher(values))
    return teachers - {""}


def split_by_key(rows: list[TrainingRow], fraction: float) -> tuple[list[TrainingRow], list[TrainingRow]]:
    """Rows to train on and rows to watch, whole groups on one side."""
    keys = [row.key for row in rows]
    return split_watched(rows, keys, watched_keys(keys, fraction))


def split_watched(rows: Sequence[Item], keys: Sequence[str], watched: Container[str]) -> tuple[list[Item], list[Item]]:
    """Rows, each with its group, as those to train on and those of the groups to watch."""
    train: list[Item] = []
    validation: list[Item] = []
    for row, key in zip(rows, keys, strict=True):
        if key in watched:
            validation.append(row)
        else:
            train.append(row)
    return train, validation


def watched_keys(keys: Sequence[str], fraction: float) -> set[str]:
    """The groups to watch, given every row's: in the order of their digests, until they hold `fraction` of the rows.

    The order of the rows and the process do not matter. One group at least is watched.
    """
    size = Counter(keys)
    watched: set[str] = set()
    held = 0
    for key in sorted(size, key=lambda key: digest(["validation", key])):
        # Half a group more or less than the share is as near as whole groups come.
        if held and held + size[key] / 2 > fraction * len(keys):
            break
        watched.add(key)
        held += size[key]
    return watched


def require_split(path: Path, rows: int, train: int) -> None:
    """InputError where a corpus has no training row, or all its rows would be watched."""
    if not rows:
        raise InputError("no row has split = train", path=path, field="split", remedy="Loosen the recipe's curation")
    if not train:
        problem = f"its {rows} training row(s) are one group, and none would be left to watch"
        raise InputError(problem, path=path, remedy="Train on rows of at least two prompts")


def _open(path: Path) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise InputError("no such file", path=path, remedy="Curate first: it writes kept.parquet") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"is not Parquet: {error}", path=path, remedy="Curate again to write it anew") from error
    names = file.schema_arrow.names
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise InputError("is missing", path=path, field=missing[0], remedy=f"The file has {', '.join(names)}")
    return file


def _row(path: Path, number: int, values: dict[str, Any]) -> TrainingRow:
    for field in ("prompt", "completion"):
        messages = values[field]
        if not messages or not all(is_message(message) for message in messages):
            raise InputError("needs messages of role and content", path=path, line=number, field=field)
    return TrainingRow(
        prompt=values["prompt"],
        completion=values["completion"],
        key=key_of(values),
        tokens=values.get("tokens"),
        soft_labels=_soft_labels(values),
        teacher=_teacher(values),
        sampled_plainly=_is_plain(values.get("sampling")),
        name=_name(number, values),
    )


def key_of(values: dict[str, Any]) -> str:
    """Names the group of a row of a file: the first of KEYS that is there, else its prompt."""
    for name in KEYS:
        key = values.get(name)
        if key is not None:
            return str(key or digest(values["prompt"]))
    return digest(values["prompt"])


def _name(number: int, values: dict[str, Any]) -> str:
    prompt_id = values.get("prompt_id")
    if not prompt_id:
        return f"row {number}"
    return f"{prompt_id} (row {number})"


def _soft_labels(values: dict[str, Any]) -> list[tuple[str, float]] | None:
    labels = [(label["text"], label["share"]) for label in values.get("soft_labels") or ()]
    return labels or None


def _teacher(values: dict[str, Any]) -> str:
    """The spec of who gave a row's probabilities; empty where it does not say."""
    scored_by: str | None = values.get("scored_by")
    if scored_by:
        return scored_by  # a rescorer's logprobs took the place of the teacher's
    teacher = values.get("teacher")
    if teacher is None:
        return ""
    spec = f"{teacher['provider']}:{teacher['model']}"
    base_url = teacher.get("base_url")
    if base_url:
        spec += f"@{base_url}"
    return spec


def _is_plain(sampling: dict[str, Any] | None) -> bool:
    """Text was drawn as the teacher's probabilities say: a null is the provider's default, which is 1."""
    if sampling is None:
        return True
    return sampling.get("temperature") in (None, 1) and sampling.get("top_p") in (None, 1)


def is_message(message: object) -> bool:
    """True of a `{role, content}` of two texts."""
    if not isinstance(message, dict):
        return False
    return isinstance(message.get("role"), str) and isinstance(message.get("content"), str)
