"""Supervised fine-tuning: cross-entropy on the teacher's text, through TRL's SFTTrainer."""

from __future__ import annotations

from typing import Any

from datasets import Dataset

from prompts.errors import InputError
from students.base.model import adapters, load_model
from students.corpus.data import read_corpus
from students.corpus.encode import encode
from students.corpus.order import answers_of
from students.features.trainer import build
from students.job import Job
from students.method import Data, Method, Setup
from students.training.settings import settings_for, training_arguments
from students.training.trainer import CompletionTrainer


def load_data(job: Job, tokenizer: Any) -> Data:
    """Encodes both parts of the train split; InputError where none of a part's rows fits."""
    config = job.config
    split = read_corpus(job.corpus, config.validation_fraction)
    train = encode(split.train, tokenizer, config.max_length)
    validation = encode(split.validation, tokenizer, config.max_length)
    too_long = train.too_long + validation.too_long
    require_rows(job, len(train.rows), len(validation.rows), too_long)
    lengths = [len(row["input_ids"]) for row in train.rows]
    rows = (Dataset.from_list(train.rows), Dataset.from_list(validation.rows))
    answers = answers_of(row["labels"] for row in train.rows)
    return Data(*rows, lengths, too_long, split.digest, names=train.names, answers=answers)


def require_rows(job: Job, train: int, validation: int, too_long: int) -> None:
    """InputError where the length limit has left no row to train on, or none to watch."""
    if not train or not validation:
        limit = job.config.max_length
        problem = f"{too_long} rows are longer than max_length = {limit} tokens, and too few are left"
        raise InputError(
            problem, path=job.corpus, field="student.max_length", remedy="Raise it, or shorten the prompts"
        )


def build_trainer(setup: Setup) -> CompletionTrainer:
    """The trainer of TRL with our loss, and a teacher's hidden states where the config has `features`."""
    trainer: CompletionTrainer = build(CompletionTrainer, setup, trainer_options(setup))
    return trainer


def flash_or_none(setup: Setup) -> str | None:
    """The attention to load a model with; None for the model's own choice."""
    attention = settings_for(setup.job.config, setup.job.base).attention
    if attention == "sdpa":
        return None  # not every model has it; transformers takes what there is
    return attention


def trainer_options(setup: Setup) -> dict[str, Any]:
    """Builds what every trainer on encoded rows is given."""
    return {
        "model": load_model(setup.job.base, setup.job.config.lora, flash_or_none(setup)),
        "args": setup.arguments,
        "train_dataset": setup.data.train.select(setup.order),  # the trainer reads them in turn
        "eval_dataset": setup.data.validation,
        "processing_class": setup.tokenizer,
        "peft_config": adapters(setup.job.config.lora),
        "callbacks": [setup.reporter],
    }


METHOD = Method(training_arguments, load_data, build_trainer)
