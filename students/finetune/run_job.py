"""One training from rows to a model directory, whatever the method."""

from __future__ import annotations

import dataclasses
import math
import shutil
import time
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Any

from transformers import PrinterCallback, TrainerCallback

from prompts.digest import digest
from students.base.model import disk_bytes, merged, save_model
from students.base.prepare import base_digest
from students.base.quantised import train_in_float32
from students.card.facts import Provenance, read_facts
from students.card.write import write_card
from students.corpus.encode import load_tokenizer
from students.corpus.order import order_by_length
from students.files import directory_bytes, disk_for, publish
from students.finetune.blame import stop_at_no_number
from students.finetune.checkpoints import open_work
from students.finetune.monitors import PROJECT, monitors
from students.finetune.patience import Patience
from students.finetune.processes import part_at_exit, tell_all
from students.job import Job
from students.method import Data, Setup, find_method
from students.progress import Reporter
from students.quiet import quiet
from students.result import OnProgress, OnValidation, TrainResult
from students.shrink.prepare import prepare_shrunk
from students.training.settings import settings_for, use_settings
from students.training.sharded import find_the_best, is_sharding, require_shardable, whole_model
from students.training.validation import Validate

LIBRARIES = ("torch", "transformers", "trl", "peft")


def finetune(
    job: Job, *, on_progress: OnProgress, provenance: Provenance, on_validation: OnValidation | None = None
) -> TrainResult:
    """The contract is `students.finetune.train.train`'s."""
    config, method = job.config, find_method(job.config.method)
    require_shardable(config)
    part_at_exit()
    with quiet():
        arguments = method.arguments(config, job.work)
        with arguments.main_process_first(local=False):
            job, shrunk = prepare_shrunk(job, arguments.device)
        tokenizer = load_tokenizer(job.base)
        data = method.load_data(job, tokenizer)
        use_settings(arguments, settings_for(config, job.base, max(data.lengths)))
        arguments.project, arguments.run_name = PROJECT, job.out.resolve().parent.name  # what monitors call it
        # By optimiser step, so that 8 x 1, 2 x 4 and two processes of 4 read the same rows in each.
        step_rows = config.batch_size * config.accumulation * arguments.world_size
        order = order_by_length(data.lengths, step_rows, config.seed, data.answers)
        launched = {"processes": arguments.world_size, "sharded": is_sharding()}
        with arguments.main_process_first(local=False):
            decides = fingerprint(job, data.digest) | {"order": digest(order)}
            checkpoint = open_work(job.work, decides | launched)
        reporter = Reporter(on_progress)
        trainer = method.build_trainer(Setup(job, arguments, tokenizer, data, order, reporter))
        train_in_float32(trainer.model)
        find_the_best(trainer)
        trainer.remove_callback(PrinterCallback)
        for callback in watchers(job):
            trainer.add_callback(callback)
        if on_validation is not None:
            trainer.add_callback(Validate(job, tokenizer, on_validation))
        stop_at_no_number(trainer, [data.names[row] for row in order] if data.names else (), step_rows)
        began_s = time.monotonic()
        with disk_for(job.work, disk_bytes(trainer.model)):
            trainer.train(resume_from_checkpoint=checkpoint and str(checkpoint))
        seconds = time.monotonic() - began_s
        model, result = whole_model(trainer, job), None
        if trainer.is_world_process_zero():
            student = merged(model)
            result = summarise(trainer.state, data, student.num_parameters(), seconds, reporter)
            result = dataclasses.replace(result, measures=shrunk | result.measures)
            write(job, student, tokenizer, result, provenance)
            shutil.rmtree(job.work)
        result = tell_all(result)
    return dataclasses.replace(result, bytes=directory_bytes(job.out))


def watchers(job: Job) -> list[TrainerCallback]:
    """Who may stop the training, and who else is told of it."""
    patience = [Patience(job.config.patience)] if job.config.patience is not None else []
    return [*patience, *monitors(job.config.report_to, job.logs or job.work.parent / "logs")]


def fingerprint(job: Job, corpus_digest: str) -> dict[str, Any]:
    """Everything that decides the weights: a checkpoint under another one is not gone on from."""
    return {
        "config": job.config.deciding(),
        "corpus": corpus_digest,
        "base": base_digest(job.base, job.cache),
        "teacher": job.teacher and base_digest(job.teacher, job.cache),
        "versions": {name: version(name) for name in LIBRARIES},
    }


def summarise(state: Any, data: Data, parameters: int, seconds: float, reporter: Reporter) -> TrainResult:
    """The numbers of a finished training, from the trainer's state; `bytes` is 0 until the student is written."""
    losses = [log["loss"] for log in state.log_history if "loss" in log and log["epoch"] > math.ceil(state.epoch) - 1]
    return TrainResult(
        rows=len(data.train),
        validation_rows=len(data.validation),
        rows_too_long=data.too_long,
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
        measures={**data.measures},
        planned_steps=state.max_steps,
        last_validation_loss=next(
            (log["eval_loss"] for log in reversed(state.log_history) if "eval_loss" in log), None
        ),
    )


def write(job: Job, student: Any, tokenizer: Any, result: TrainResult, provenance: Provenance) -> None:
    """Puts the student and its card in the job's `out`."""

    def fill(target: Path) -> None:
        save_model(student, tokenizer, target)
        weighed = dataclasses.replace(result, bytes=directory_bytes(target))
        write_card(target, read_facts(job.config, job.corpus, weighed, provenance))

    publish(job.out, fill)
