"""The trainer's callback: reports each step, and stops a training that has left the numbers."""

from __future__ import annotations

import math
import time
from typing import Any

from transformers import TrainerCallback

from students.result import Diverged, OnProgress, Progress


class Reporter(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Calls `on_progress` after every optimiser step, on the first process only."""

    def __init__(self, on_progress: OnProgress) -> None:
        self.on_progress = on_progress
        self.began_s = time.monotonic()
        self.first_step = self.first_tokens = 0
        self.validation_loss: float | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Remembers where this process begins, which is not step 0 where it goes on from a checkpoint."""
        self.began_s = time.monotonic()
        self.first_step, self.first_tokens = state.global_step, state.num_input_tokens_seen

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Raises Diverged for a loss that is not finite; `students.finetune.blame` has stopped most of those before."""
        logs = logs or {}
        for name, kind in (("loss", "training"), ("eval_loss", "validation")):
            value = logs.get(name, 0.0)
            if not math.isfinite(value):
                raise Diverged(value, state.global_step, kind=kind)
        self.validation_loss = logs.get("eval_loss", self.validation_loss)
        if "loss" in logs and state.is_world_process_zero:
            self.on_progress(self._progress(state, logs["loss"]))

    def _progress(self, state: Any, loss: float) -> Progress:
        seconds = max(time.monotonic() - self.began_s, 1e-9)  # a clock may not have ticked
        done = max(state.global_step - self.first_step, 1)
        return Progress(
            step=state.global_step,
            total_steps=state.max_steps,
            loss=loss,
            tokens_per_s=(state.num_input_tokens_seen - self.first_tokens) / seconds,
            seconds_left=seconds / done * (state.max_steps - state.global_step),
            validation_loss=self.validation_loss,
        )
