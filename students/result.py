"""The words of a training while it runs and when it is done. Light to import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from prompts.errors import StillhouseError


@dataclass(slots=True, frozen=True)
class Progress:
    """Where a training stands after an optimiser step."""

    step: int
    total_steps: int
    loss: float
    """The method's mean loss over this step's completion tokens, in nats; for `sft` their cross-entropy."""
    tokens_per_s: float
    """Real tokens (prompt and completion, no padding) read per second since this process began to train."""
    seconds_left: float
    validation_loss: float | None = None
    """The latest measurement, in nats per completion token; None before the first."""


OnProgress = Callable[[Progress], None]


@dataclass(slots=True, frozen=True)
class Validation:
    """The validation rows under one measure, whatever the method's loss: methods can be compared by it."""

    step: int
    total_steps: int
    cross_entropy: float
    """Of the completions, in nats per token."""
    accuracy: float
    """Share of the rows that greedy decoding would answer with the very completion."""
    rows: int


OnValidation = Callable[[Validation], None]


class Diverged(StillhouseError):
    """The loss is no longer a number: every step after this one would be wasted."""

    def __init__(self, loss: float, step: int, rows: Sequence[str] = (), some: bool = False, kind: str = "training"):
        """`rows` are those of the step, or only `some` of them: those that have no finite loss alone."""
        named = ", ".join(rows[:NAMED])
        if len(rows) > NAMED:
            named += f" and {len(rows) - NAMED} more"
        text = f"the {kind} loss is {loss} at step {step}. "
        if some:
            text += f"It comes from {named}: look at what they hold, or leave them out"
        else:
            # All rows alike: it is the weights that have left the numbers.
            text += "Lower student.learning_rate, or raise student.warmup_ratio"
            if rows:
                text += f". The step's rows: {named}"
        super().__init__(text)
        self.rows, self.step = tuple(rows), step


NAMED = 8
"""The most rows that a message names."""


def ignore(_: Progress) -> None:
    """Listens to no progress."""


@dataclass(slots=True, frozen=True)
class TrainResult:
    """A finished training, in numbers. rows + validation_rows + rows_too_long = the corpus's train split."""

    rows: int
    validation_rows: int
    rows_too_long: int
    """Rows of more than `max_length` tokens: neither trained on nor watched."""
    tokens: int
    """Real tokens read in training, over all epochs and earlier, interrupted processes."""
    steps: int
    """Optimiser steps, of which the weights after `best_step` were kept."""
    best_step: int
    seconds: float
    """Wall clock of this process's training, checkpoints and validation included."""
    tokens_per_s: float
    """This process's real training tokens over `seconds`."""
    train_loss: float
    """Mean loss of the last epoch's steps, in nats per completion token."""
    validation_loss: float
    """The kept weights' loss on the rows they were chosen by: a little optimistic, and never the student's score."""
    parameters: int
    bytes: int
    """The model directory on disk."""
    resumed_from: int | None
    """The step this process went on from; None where it began at the start."""
    measures: dict[str, int | float | str] = field(default_factory=dict)
    """What was found out before the first step: what `shrink` kept, the share of answer tokens with a soft target."""
    planned_steps: int = 0
    """The steps of all its epochs: more than `steps` where `patience` ended it before."""
    last_validation_loss: float | None = None
    """The loss of the last step's weights on the same rows: well above `validation_loss`, they had begun to overfit."""
