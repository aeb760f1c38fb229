"""A loss that is no number stops the training before the weights take it, and names the rows it comes from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from students.result import Diverged
from students.training.trainer import CompletionTrainer


def stop_at_no_number(trainer: Any, names: Sequence[str], step_rows: int) -> None:
    """Makes `trainer` raise Diverged after a forward pass whose loss is not finite.

    `names` are those of the rows of its train_dataset, which it reads in turn, `step_rows` in an optimiser step.
    Wraps the method of this trainer: the trainers of several methods have no class of ours in common.
    """
    training_step = trainer.training_step

    def checked(*arguments: Any, **options: Any) -> Any:
        loss = training_step(*arguments, **options)
        value = loss.item()
        if not math.isfinite(value):
            raise Diverged(value, trainer.state.global_step + 1, *_blame(trainer, names, step_rows))
        return loss

    trainer.training_step = checked


def _blame(trainer: Any, names: Sequence[str], step_rows: int) -> tuple[tuple[str, ...], bool]:
    """The rows of this step, or those of them that alone have no finite loss; and whether these are only some."""
    places = rows_of_step(trainer.state.global_step, len(trainer.train_dataset), step_rows)
    bad = _not_finite(trainer, places)
    # All of them, or none alone: then it is no row's fault, and the whole step is named.
    some = 0 < len(bad) < len(places)
    blamed: Sequence[int] = places
    if some:
        blamed = bad
    return tuple(names[place] for place in blamed if place < len(names)), some


def rows_of_step(done: int, rows: int, step_rows: int) -> range:
    """Which of `rows` are read in the optimiser step that follows on `done` ones; an epoch's last may be short."""
    first = done % math.ceil(rows / step_rows) * step_rows
    return range(first, min(first + step_rows, rows))


def _not_finite(trainer: Any, places: Sequence[int]) -> list[int]:
    # Alone a process would wait for the others inside a sharded model. Trainers that are not ours may read otherwise.
    if trainer.args.world_size > 1 or not isinstance(trainer, CompletionTrainer):
        return []
    trainer.model.eval()
    # In the precision that it trains in, in which the loss was no number.
    with torch.no_grad(), trainer.compute_loss_context_manager():
        return [place for place in places if not math.isfinite(_loss_of(trainer, place))]


def _loss_of(trainer: Any, place: int) -> float:
    inputs = trainer._prepare_inputs(trainer.data_collator([trainer.train_dataset[place]]))
    return float(trainer.compute_loss(trainer.model, inputs))
