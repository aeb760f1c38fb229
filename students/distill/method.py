"""Distillation from stored probabilities: soft targets beside the teacher's text, on TRL's SFTTrainer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from datasets import Dataset
from datasets.table import InMemoryTable

from prompts.digest import digest_file
from students.config import StudentConfig
from students.corpus.data import read_rows, require_split, split_watched, watched_keys
from students.corpus.order import SEEN, answers_of
from students.distill.soft_trainer import SoftCollator, SoftTargetTrainer
from students.distill.targets import prepare_targets, require_coverage
from students.features.trainer import build
from students.job import Job
from students.method import Data, Method, Setup
from students.methods.distill import Distill
from students.sft.method import require_rows, trainer_options
from students.training.settings import training_arguments


def arguments(config: StudentConfig, work: Path) -> Any:
    """SFT's, but that the trainer leaves the columns with the soft targets in place."""
    settings = training_arguments(config, work)
    settings.remove_unused_columns = False
    return settings


def load_data(job: Job, tokenizer: Any) -> Data:
    """The corpus with its soft targets, from the cache where it is there.

    Raises InputError where too few answer tokens have a soft target, or no row fits `max_length`.
    """
    config = job.config
    distill = config.distill or Distill()
    path = prepare_targets(job.corpus, tokenizer, distill.weights, job.cache)
    table = pq.read_table(path)
    # By the corpus's rows, of which some are one row here: so that every method watches the same groups.
    watched = watched_keys([row.key for row in read_rows(job.corpus)], config.validation_fraction)
    keys = table["key"].to_pylist()
    require_split(job.corpus, len(keys), sum(key not in watched for key in keys))
    measures = require_coverage(path, job.corpus, distill.min_coverage)
    lengths = pc.list_value_length(table["input_ids"]).to_pylist()
    fitting = [row for row, length in enumerate(lengths) if length <= config.max_length]
    train, validation = split_watched(fitting, [keys[row] for row in fitting], watched)
    too_long = len(table) - len(train) - len(validation)
    require_rows(job, len(train), len(validation), too_long)
    return Data(
        train=_dataset(table, train),
        validation=_dataset(table, validation),
        lengths=[lengths[row] for row in train],
        too_long=too_long,
        digest=digest_file(job.corpus),
        measures=measures,
        names=table["name"].take(train).to_pylist(),
        answers=answers_of(_ends(table["labels"].take(train))),
    )


def _ends(labels: pa.ChunkedArray) -> Iterator[list[int]]:
    """Yields each row's last labels: all of them, as Python numbers, would be larger than the corpus."""
    for chunk in labels.chunks:
        values = chunk.values.to_numpy()
        for start, end in pairwise(chunk.offsets.to_pylist()):
            yield values[max(start, end - SEEN) : end].tolist()


def _dataset(table: pa.Table, rows: list[int]) -> Dataset:
    return Dataset(InMemoryTable(table.drop_columns(["key", "name"]).take(rows)))


def build_trainer(setup: Setup) -> SoftTargetTrainer:
    """The trainer with soft targets in its batches and its loss, and hidden states where there are `features`."""
    options = trainer_options(setup)
    options["data_collator"] = SoftCollator(setup.tokenizer.pad_token_id)
    options["distill"] = setup.job.config.distill or Distill()
    trainer: SoftTargetTrainer = build(SoftTargetTrainer, setup, options)
    return trainer


def soft_target_tokens(job: Job, tokenizer: Any) -> set[int]:
    """The tokens that soft targets name, which the teacher might have said and the corpus need not have."""
    distill = job.config.distill or Distill()
    table = pq.read_table(
        prepare_targets(job.corpus, tokenizer, distill.weights, job.cache), columns=["input_ids", "ids"]
    )
    tokens: set[int] = set()
    for name in table.column_names:
        tokens.update(pc.unique(pc.list_flatten(table[name]).cast(pa.int32())).to_pylist())
    return tokens


METHOD = Method(arguments, load_data, build_trainer, soft_target_tokens)
