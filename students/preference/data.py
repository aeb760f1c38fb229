"""The rows that preferences teach from, in two parts: read, encoded, checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from datasets import Dataset

from prompts.digest import digest, digest_file
from prompts.errors import InputError
from students.config import StudentConfig
from students.corpus.data import TrainingRow, read_rows, split_watched, watched_keys
from students.corpus.order import answers_of
from students.job import Job
from students.method import Data
from students.methods.preference import Preference
from students.preference.encode import EncodedPreference, encode_pairs, encode_replies, single_replies
from students.preference.pairs import Pair, Passed, read_pairs
from students.sft.method import require_rows

OWN = "preferences.parquet"
"""What curation writes beside kept.parquet."""

STEPS = "agreement, best, judge or verify"
"""The curation steps that reject a reply as worse."""


def settings_of(config: StudentConfig) -> Preference:
    """The section, or its defaults."""
    return config.preference or Preference()


def load_data(job: Job, tokenizer: Any) -> Data:
    """Pairs, or for KTO single replies, encoded; validation rows are carved out by group as for every method.

    Raises InputError for a file that cannot be read, for one without pairs, and where no row fits `max_length`.
    """
    file, passed = pairs_file(job), Passed()
    pairs = list(read_pairs(file, heldout_prompts(job), passed))
    if settings_of(job.config).loss == "kto":
        rows = list(encode_replies(single_replies(pairs, own_kept_rows(job)), tokenizer))
        require_rejected(file, rows)
    else:
        rows = list(encode_pairs(pairs, tokenizer))
        require_pairs(file, rows, pairs)
    watched = watched_groups(file, rows, job.config.validation_fraction)
    fitting = [row for row in rows if row.length <= job.config.max_length]
    train, validation = split_watched(fitting, [row.key for row in fitting], watched)
    too_long = len(rows) - len(fitting)
    require_rows(job, len(train), len(validation), too_long)
    require_labels(file, train)
    return Data(
        train=_dataset(train),
        validation=_dataset(validation),
        lengths=[row.length for row in train],
        too_long=too_long,
        # Held-out prompts and good replies are the corpus's: with another one it is another training.
        digest=digest([digest_file(file), digest_file(job.corpus)]),
        measures=_measures(train, passed),
        names=[row.name for row in train],
        answers=answers_of(row.answer for row in train),
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


def own_kept_rows(job: Job) -> Iterable[TrainingRow]:
    """The corpus's kept rows, which are good replies where the pairs are its own; none where they are the user's."""
    if settings_of(job.config).pairs is None:
        return read_rows(job.corpus)
    return ()


def heldout_prompts(job: Job) -> frozenset[str]:
    """Digests of the corpus's held-out prompts, where pairs come from elsewhere: they must not be trained on."""
    if settings_of(job.config).pairs is None:
        return frozenset()
    digests = set()
    with pq.ParquetFile(job.corpus) as file:
        for batch in file.iter_batches(columns=["prompt", "split"]):
            for row in batch.to_pylist():
                if row["split"] == "heldout":
                    digests.add(digest(row["prompt"]))
    return frozenset(digests)


def require_pairs(file: Path, rows: Sequence[EncodedPreference], pairs: Sequence[Pair]) -> None:
    """InputError where no pair has both sides."""
    if rows:
        return
    problem = "holds no pair to train on"
    if pairs:
        problem += f" of {len(pairs):,} single replies: loss: kto learns from those"
    raise InputError(problem, path=file, remedy=WHERE_PAIRS_COME_FROM)


def require_rejected(file: Path, rows: Sequence[EncodedPreference]) -> None:
    """InputError where KTO would learn from good replies alone."""
    if all(row.columns["label"] for row in rows):
        raise InputError("holds no rejected reply to train on", path=file, remedy=WHERE_PAIRS_COME_FROM)


WHERE_PAIRS_COME_FROM = (
    "Pairs come from several replies a prompt (generate.samples, or several teachers) and a step that picks "
    f"the better ones: {STEPS}. Or give your own: student.preference.pairs"
)


def watched_groups(file: Path, rows: Sequence[EncodedPreference], fraction: float) -> set[str]:
    """The groups to watch; InputError where nothing would be left to train on."""
    keys = [row.key for row in rows]
    watched = watched_keys(keys, fraction)
    if watched == set(keys):
        problem = f"its {len(rows):,} row(s) are of one prompt or group, and none would be left to watch"
        raise InputError(problem, path=file, remedy="Train on rows of at least two prompts")
    return watched


def require_labels(file: Path, train: Sequence[EncodedPreference]) -> None:
    """InputError where KTO would have only good or only bad replies to train on."""
    labels = set(_labels(train))
    if len(labels) != 1:
        return
    which = "good"
    if True in labels:
        which = "rejected"
    problem = f"no {which} reply is left to train on beside those that are watched"
    raise InputError(problem, path=file, remedy="Add rows of more prompts, or lower student.validation_fraction")


def _labels(rows: Sequence[EncodedPreference]) -> list[bool]:
    """KTO's labels; none of pairs."""
    return [row.columns["label"] for row in rows if "label" in row.columns]


def _measures(train: Sequence[EncodedPreference], passed: Passed) -> dict[str, float]:
    measures: dict[str, float] = {}
    labels = _labels(train)
    if labels:
        measures["desirable_rows"] = labels.count(True)
        measures["undesirable_rows"] = labels.count(False)
    measures["pairs_alike"] = passed.alike
    measures["pairs_of_heldout_prompts"] = passed.heldout
    return measures


def _dataset(rows: Sequence[EncodedPreference]) -> Dataset:
    return Dataset.from_list([row.columns for row in rows])
