"""One training from rows to a model directory, through TRL's SFTTrainer."""

from __future__ import annotations

import dataclasses
import math
import shutil
import time
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Any

from datasets import Dataset
from transformers import PrinterCallback

from prompts.errors import InputError
from students.base import base_digest
from students.card import Provenance, write_card
from students.checkpoints import open_work
from students.config import StudentConfig
from students.data import read_corpus
from students.encode import Encoded, encode, load_tokenizer
from students.files import directory_bytes, disk_for, publish
from students.model import adapters, disk_bytes, load_model, merged, save_model
from students.order import order_by_length
from students.progress import Reporter
from students.quiet import quiet
from students.result import OnProgress, TrainResult
from students.settings import training_arguments
from students.trainer import CompletionTrainer

LIBRARIES = ("torch", "transformers", "trl", "peft")


@dataclasses.dataclass(slots=True, frozen=True)
class Data:
    """The corpus, encoded."""

    train: Encoded
    validation: Encoded
    digest: str


def finetune(
    config: StudentConfig,
    *,
    corpus: Path,
    base: str,
    out: Path,
    work: Path,
    on_progress: OnProgress,
    provenance: Provenance,
) -> TrainResult:
    """The contract is `students.sft.train`'s."""
    with quiet():
        tokenizer = load_tokenizer(base)
        data = load_data(corpus, config, tokenizer)
        arguments = training_arguments(config, work)
        with arguments.main_process_first(local=False):
            checkpoint = open_work(work, fingerprint(config, data.digest, base))
        reporter = Reporter(on_progress)
        trainer = build_trainer(config, arguments, tokenizer, base, data, reporter)
        began_s = time.monotonic()
        with disk_for(work, disk_bytes(trainer.model)):
            trainer.train(resume_from_checkpoint=checkpoint and str(checkpoint))
        seconds = time.monotonic() - began_s
        student = merged(trainer)
        result = summarise(trainer.state, data, student.num_parameters(), seconds, reporter)
        if trainer.is_world_process_zero():
            write(config, student, tokenizer, corpus, result, out, provenance)
            shutil.rmtree(work)
        trainer.accelerator.wait_for_everyone()
    return dataclasses.replace(result, bytes=directory_bytes(out))


def load_data(corpus: Path, config: StudentConfig, tokenizer: Any) -> Data:
    """Reads and encodes both parts of the train split; InputError where none of a part's rows fits."""
    split = read_corpus(corpus, config.validation_fraction)
    train = encode(split.train, tokenizer, config.max_length)
    validation = encode(split.validation, tokenizer, config.max_length)
    if not train.rows or not validation.rows:
        long = train.too_long + validation.too_long
        problem = f"{long} rows are longer than max_length = {config.max_length} tokens, and too few are left"
        raise InputError(problem, path=corpus, field="student.max_length", remedy="Raise it, or shorten the prompts")
    return Data(train, validation, split.digest)


def build_trainer(
    config: StudentConfig, arguments: Any, tokenizer: Any, base: str, data: Data, reporter: Reporter
) -> CompletionTrainer:
    """A trainer that is ready to run, and silent but for its reporter."""
    lengths = [len(row["input_ids"]) for row in data.train.rows]
    # By optimiser step, so that 8 x 1, 2 x 4 and two processes of 4 read the same rows in each.
    step_rows = config.batch_size * config.accumulation * arguments.world_size
    order = order_by_length(lengths, step_rows, config.seed)
    trainer = CompletionTrainer(
        model=load_model(base, config),
        args=arguments,
        train_dataset=Dataset.from_list([data.train.rows[row] for row in order]),
        eval_dataset=Dataset.from_list(data.validation.rows),
        processing_class=tokenizer,
        peft_config=adapters(config.lora),
        callbacks=[reporter],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def fingerprint(config: StudentConfig, corpus_digest: str, base: str) -> dict[str, Any]:
    """Everything that decides the weights: a checkpoint under another one is not gone on from."""
    return {
        "config": config.model_dump(),
        "corpus": corpus_digest,
        "base": base_digest(base),
        "versions": {name: version(name) for name in LIBRARIES},
    }


def summarise(state: Any, data: Data, parameters: int, seconds: float, reporter: Reporter) -> TrainResult:
    """The numbers of a finished training, from the trainer's state; `bytes` is 0 until the student is written."""
    losses = [log["loss"] for log in state.log_history if "loss" in log and log["epoch"] > math.ceil(state.epoch) - 1]
    return TrainResult(
        rows=len(data.train.rows),
        validation_rows=len(data.validation.rows),
        rows_too_long=data.train.too_long + data.validation.too_long,
        tokens=state.num_input_tokens_seen,
        steps=state.global_step,
        best_step=state.best_global_step,
        seconds=seconds,
        tokens_per_s=(state.num_input_tokens_seen - reporter.first_tokens) / seconds,
        train_loss=fmean(losses),
        validation_loss=state.best_metric,
        parameters=parameters,
        bytes=0,
        resumed_from=reporter.first_step or None,
    )


def write(
    config: StudentConfig,
    student: Any,
    tokenizer: Any,
    corpus: Path,
    result: TrainResult,
    out: Path,
    provenance: Provenance,
) -> None:
    """Puts the student and its card in `out`."""

    def fill(target: Path) -> None:
        save_model(student, tokenizer, target)
        weighed = dataclasses.replace(result, bytes=directory_bytes(target))
        write_card(target, config, corpus, weighed, provenance)

    publish(out, fill)
