"""Preference: the student learns which of two replies is better (DPO), or that a reply is good or bad (KTO)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from datasets import Dataset
from datasets.table import InMemoryTable
from trl import DPOConfig, KTOConfig

from students.config import StudentConfig
from students.method import Method, Setup
from students.methods.preference import Preference
from students.preference.data import load_data, settings_of
from students.preference.trainer import PairTrainer, ReplyTrainer
from students.sft.method import trainer_options
from students.training.settings import common_arguments


def arguments(config: StudentConfig, work: Path) -> Any:
    """The config in the words of the loss's trainer; `_StepMean` works out what `precompute_ref_log_probs` asks for."""
    kind = DPOConfig
    if settings_of(config).loss == "kto":
        kind = KTOConfig
    return kind(
        **common_arguments(config, work),
        beta=settings_of(config).beta,
        max_length=None,  # rows arrive encoded, and none is too long
        precompute_ref_log_probs=True,
        include_num_input_tokens_seen="non_padding",
    )


def build_trainer(setup: Setup) -> Any:
    """DPO's trainer, or KTO's with each row's reply to another prompt, from which it tells its reference point."""
    preference = settings_of(setup.job.config)
    # A selection keeps its indices beside it, and a new column would work them in, with a bar.
    options = trainer_options(setup) | {"train_dataset": reordered(setup.data.train, setup.order)}
    if preference.loss == "dpo":
        return PairTrainer(**options, preference=preference)
    for name in ("train_dataset", "eval_dataset"):
        options[name] = with_mismatched(options[name])
    return ReplyTrainer(**options, preference=preference, weights=weights_of(preference, setup.data.measures))


def reordered(rows: Dataset, order: Sequence[int]) -> Dataset:
    """The rows in this order, as a table of their own."""
    return Dataset(InMemoryTable(rows.data.table.take(pa.array(order))))


def with_mismatched(rows: Dataset) -> Dataset:
    """Adds the reply of the row before, in the order of reading, whatever the batches: TRL's `KL_completion_ids`."""
    replies = rows["completion_ids"][:]
    return rows.add_column("KL_completion_ids", [replies[-1], *replies[:-1]])


def weights_of(preference: Preference, measures: dict[str, float]) -> tuple[float, float]:
    """Of a desirable and of an undesirable reply."""
    good = preference.desirable_weight
    if preference.undesirable_weight is not None:
        return good, preference.undesirable_weight
    # All bad ones together weigh as much as all good ones: the lower end of what arXiv:2402.01306 advises.
    return good, good * measures["desirable_rows"] / measures["undesirable_rows"]


METHOD = Method(arguments, load_data, build_trainer)
