"""One training from rows to a model directory, whatever the method."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, TrainerCallback

from prompts.digest import digest
from students.base.model import disk_bytes
from students.base.prepare import base_digest
from students.base.quantised import train_in_float32
from students.card.facts import Provenance
from students.corpus.encode import load_tokenizer
from students.corpus.order import order_by_length
from students.files import directory_bytes, disk_for
from students.finetune.blame import stop_at_no_number
from students.finetune.checkpoints import open_work
from students.finetune.finish import finish
from students.finetune.monitors import PROJECT, monitors
from students.finetune.patience import Patience
from students.finetune.processes import part_at_exit, tell_all
from students.job import Job
from students.method import Method, Setup, find_method
from students.progress import Reporter
from students.quiet import quiet
from students.result import OnProgress, OnValidation, TrainResult
from students.shrink.prepare import Measures, prepare_shrunk
from students.training.settings import settings_for, use_settings
from students.training.sharded import find_the_best, is_sharding, require_shardable
from students.training.validation import Validate

LIBRARIES = ("torch", "transformers", "trl", "peft")
"""Another version of one of these may give other weights."""


def finetune(
    job: Job, *, on_progress: OnProgress, provenance: Provenance, on_validation: OnValidation | None = None
) -> TrainResult:
    """Runs a job; the contract is `students.finetune.train.train`'s."""
    require_shardable(job.config)
    part_at_exit()
    with quiet():
        method = find_method(job.config.method)
        start = _settle(job, method, on_progress)
        trainer = _build_trainer(start, method, on_validation)
        began_s = time.monotonic()
        with disk_for(job.work, disk_bytes(trainer.model)):
            trainer.train(resume_from_checkpoint=start.checkpoint and str(start.checkpoint))
        seconds = time.monotonic() - began_s
        result = tell_all(finish(trainer, start.setup, seconds, start.shrunk, provenance))
    return dataclasses.replace(result, bytes=directory_bytes(job.out))


@dataclass(slots=True, frozen=True)
class _Start:
    """All that is settled before a trainer is built."""

    setup: Setup
    """Its job is on the smaller base, where the config shrinks it."""
    shrunk: Measures
    step_rows: int
    """Rows of an optimiser step, over all processes."""
    checkpoint: Path | None
    """Where to go on from."""


def _settle(job: Job, method: Method, on_progress: OnProgress) -> _Start:
    """Prepares the base, reads the rows and orders them, and finds the checkpoint to go on from."""
    config, arguments = job.config, method.arguments(job.config, job.work)
    # The first process makes what the others then find in the cache.
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
    setup = Setup(job, arguments, tokenizer, data, order, Reporter(on_progress))
    return _Start(setup, shrunk, step_rows, checkpoint)


def _build_trainer(start: _Start, method: Method, on_validation: OnValidation | None) -> Any:
    """The method's trainer with what every method's has: its watchers, and a stop at a loss that is no number."""
    setup = start.setup
    trainer = method.build_trainer(setup)
    train_in_float32(trainer.model)
    find_the_best(trainer)
    trainer.remove_callback(PrinterCallback)  # it prints every log, and stdout is for results
    for callback in watchers(setup.job):
        trainer.add_callback(callback)
    if on_validation is not None:
        trainer.add_callback(Validate(setup.job, setup.tokenizer, on_validation))
    names: list[str] = []
    if setup.data.names:
        names = [setup.data.names[row] for row in setup.order]
    stop_at_no_number(trainer, names, start.step_rows)
    return trainer


def watchers(job: Job) -> list[TrainerCallback]:
    """Collects who may stop the training, and who else is told of it."""
    callbacks: list[TrainerCallback] = []
    if job.config.patience is not None:
        callbacks.append(Patience(job.config.patience))
    callbacks += monitors(job.config.report_to, job.logs or job.work.parent / "logs")
    return callbacks


def fingerprint(job: Job, corpus_digest: str) -> dict[str, Any]:
    """Everything that decides the weights: a checkpoint under another one is not gone on from."""
    return {
        "config": job.config.deciding(),
        "corpus": corpus_digest,
        "base": base_digest(job.base, job.cache),
        "teacher": job.teacher and base_digest(job.teacher, job.cache),
        "versions": {name: version(name) for name in LIBRARIES},
    }
