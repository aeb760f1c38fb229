"""On-policy distillation: the student writes, and a teacher in memory says at each token how it would have gone on.

TRL's DistillationTrainer, after arXiv:2306.13649. Of the corpus only the prompts are read.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl import DistillationConfig

from students.base.model import adapters, load_model
from students.config import StudentConfig
from students.corpus.data import TrainingRow, read_corpus
from students.corpus.encode import row_header
from students.job import Job
from students.method import Data, Method, Setup
from students.methods.on_policy import OnPolicy
from students.on_policy.trainer import OnPolicyTrainer
from students.sft.method import require_rows
from students.training.settings import common_arguments
from students.training.teacher import load_teacher, load_teacher_tokenizer, require_teacher, same_tokens


def arguments(config: StudentConfig, work: Path) -> DistillationConfig:
    """Says the config in DistillationTrainer's words."""
    settings = config.on_policy or OnPolicy()
    shared = common_arguments(config, work)
    # In training TRL draws the answers of a whole step at once. Watched rows are drawn as many at a time, so that their
    # loss does not depend on how a step is cut into batches either.
    shared["per_device_eval_batch_size"] = config.batch_size * config.accumulation
    return DistillationConfig(
        **shared,
        beta=settings.beta,
        temperature=settings.temperature,
        max_completion_length=settings.max_new_tokens,
        # TRL's own order is drawn anew in each epoch by a generator that no checkpoint holds.
        shuffle_dataset=False,
    )


def load_data(job: Job, tokenizer: Any) -> Data:
    """The prompts of the train split, those that leave an answer its room in `max_length`.

    Raises InputError where there is no teacher, or no prompt fits.
    """
    require_teacher(job)
    config = job.config
    room = config.max_length - (config.on_policy or OnPolicy()).max_new_tokens
    corpus = read_corpus(job.corpus, config.validation_fraction)
    train, lengths = _fitting(corpus.train, tokenizer, room)
    validation, _ = _fitting(corpus.validation, tokenizer, room)
    too_long = len(corpus.train) + len(corpus.validation) - len(train) - len(validation)
    require_rows(job, len(train), len(validation), too_long)
    return Data(
        train=_prompts(train),
        validation=_prompts(validation),
        lengths=lengths,
        too_long=too_long,
        digest=corpus.digest,
        names=[row.name for row in train],
    )


def _fitting(rows: Iterable[TrainingRow], tokenizer: Any, room: int) -> tuple[list[TrainingRow], list[int]]:
    """The rows whose prompt has at most `room` tokens, and how many each has."""
    fitting: list[TrainingRow] = []
    lengths: list[int] = []
    for row in rows:
        length = len(row_header(row, tokenizer))
        if length <= room:
            fitting.append(row)
            lengths.append(length)
    return fitting, lengths


def _prompts(rows: list[TrainingRow]) -> Dataset:
    # The completion is there for GOLD alone, which does not start without one.
    return Dataset.from_list([{"prompt": row.prompt, "completion": row.completion} for row in rows])


def build_trainer(setup: Setup) -> Any:
    """The trainer for a teacher of the student's vocabulary, else GOLD's."""
    if not same_tokens(setup.tokenizer, load_teacher_tokenizer(setup.job)):
        from students.on_policy.gold import build_gold_trainer

        return build_gold_trainer(setup, whole_steps(setup))
    return OnPolicyTrainer(
        model=load_model(setup.job.base),
        teacher_model=load_teacher(setup.job),
        args=setup.arguments,
        train_dataset=whole_steps(setup).select_columns("prompt"),
        eval_dataset=setup.data.validation.select_columns("prompt"),
        processing_class=setup.tokenizer,
        peft_config=adapters(setup.job.config.lora),
        callbacks=[setup.reporter],
    )


def whole_steps(setup: Setup) -> Dataset:
    """The prompts in their order, the last step filled up from the first: TRL leaves out a step that is not whole."""
    config = setup.job.config
    step_rows = config.batch_size * config.accumulation * setup.arguments.world_size
    missing = -len(setup.order) % step_rows
    order = [*setup.order, *itertools.islice(itertools.cycle(setup.order), missing)]
    return setup.data.train.select(order)


METHOD = Method(arguments, load_data, build_trainer)
