"""The validation rows under one measure for every method: what a training's own loss is depends on its method.

Shapes: B rows, K columns that hold a label in at least one row, V the vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import TrainerCallback

from students.corpus.data import read_corpus
from students.corpus.encode import IGNORED, encode
from students.job import Job
from students.result import OnValidation, Validation
from students.training.batches import padded_batches
from students.training.trainer import taught_logits


class Validate(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Calls `on_validation` at each of the trainer's evaluations, on the first process only.

    What that raises ends the training.
    """

    def __init__(self, job: Job, tokenizer: Any, on_validation: OnValidation) -> None:
        """Reads the validation rows of the job's corpus, those that every method watches."""
        # Not the method's own rows, which may be pairs or prompts: one measure for all.
        rows = read_corpus(job.corpus, job.config.validation_fraction).validation
        self.rows = encode(rows, tokenizer, job.config.max_length).rows
        self.batch_size, self.pad, self.on_validation = job.config.batch_size, tokenizer.pad_token_id, on_validation

    def on_evaluate(self, args: Any, state: Any, control: Any, model: Any, **_: Any) -> None:
        """Measures the model as it stands."""
        loss, right = measure(model, self.rows, self.batch_size, self.pad)
        if state.is_world_process_zero:
            self.on_validation(Validation(state.global_step, state.max_steps, loss, right, len(self.rows)))


def measure(model: Any, rows: Sequence[dict[str, list[int]]], batch_size: int, pad: int) -> tuple[float, float]:
    """Cross-entropy in nats per completion token, and the share of rows that the model would answer just so.

    The second is that of the rows in which every completion token, the end of the turn among them, is the likeliest
    one after the prompt and those before it: greedy decoding gives the taught answer.
    """
    trained = model.training
    model.eval()
    total, tokens, right = 0.0, 0, 0
    with torch.no_grad():
        for batch in padded_batches(rows, batch_size, pad, model.device):
            outputs, targets_BK, _ = taught_logits(model, batch)
            logits_BKV = outputs.logits.float()
            taught_BK = targets_BK != IGNORED
            # Summed, and divided at the end: a mean of means would weigh short answers more.
            total += cross_entropy(
                logits_BKV.flatten(0, 1), targets_BK.flatten(), ignore_index=IGNORED, reduction="sum"
            ).item()
            tokens += int(taught_BK.sum())
            right += int(((logits_BKV.argmax(-1) == targets_BK) | ~taught_BK).all(1).sum())
    model.train(trained)
    share = right / max(len(rows), 1)
    if not tokens:
        return math.nan, share
    return total / tokens, share
