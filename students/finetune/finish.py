"""The end of a training: its numbers, the student's directory and the card in it."""

from __future__ import annotations

import dataclasses
import math
import shutil
from pathlib import Path
from statistics import fmean
from typing import Any

from students.base.model import merged, save_model
from students.card.facts import Provenance, read_facts
from students.card.write import write_card
from students.files import directory_bytes, publish
from students.method import Setup
from students.result import TrainResult
from students.shrink.prepare import Measures
from students.training.sharded import whole_model


def finish(trainer: Any, setup: Setup, seconds: float, shrunk: Measures, provenance: Provenance) -> TrainResult | None:
    """Writes the student and deletes its checkpoints; all processes must call this, and only the first has a result.

    `seconds` is how long it trained, `shrunk` what making its base smaller has measured.
    """
    model = whole_model(trainer, setup.job)
    if not trainer.is_world_process_zero():
        return None
    student = merged(model)
    result = summarise(trainer.state, setup, student.num_parameters(), seconds)
    result = dataclasses.replace(result, measures=shrunk | result.measures)
    write(setup, student, result, provenance)
    # Only now: a kill before this goes on from the last checkpoint.
    shutil.rmtree(setup.job.work)
    return result


def summarise(state: Any, setup: Setup, parameters: int, seconds: float) -> TrainResult:
    """The numbers of a finished training, from the trainer's state; `bytes` is 0 until the student is written."""
    data, reporter = setup.data, setup.reporter
    last_epoch = math.ceil(state.epoch) - 1
    losses = [log["loss"] for log in state.log_history if "loss" in log and log["epoch"] > last_epoch]
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
        last_validation_loss=_last_validation_loss(state),
    )


def _last_validation_loss(state: Any) -> float | None:
    for log in reversed(state.log_history):
        if "eval_loss" in log:
            loss: float = log["eval_loss"]
            return loss
    return None


def write(setup: Setup, student: Any, result: TrainResult, provenance: Provenance) -> None:
    """Puts the student and its card in the job's `out`."""
    job = setup.job

    def fill(target: Path) -> None:
        save_model(student, setup.tokenizer, target)
        # Weighed before the card is there, which says the weight.
        weighed = dataclasses.replace(result, bytes=directory_bytes(target))
        write_card(target, read_facts(job.config, job.corpus, weighed, provenance))

    publish(job.out, fill)
