"""Early stopping: a training ends once its validation loss has not got better for a while."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback


class Patience(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Stops after `evaluations` in a row that are no better than the best before them.

    It counts in the trainer's own history, which stands in each checkpoint: transformers' EarlyStoppingCallback keeps
    a counter of its own, and after a kill begins it anew.
    """

    def __init__(self, evaluations: int) -> None:
        self.evaluations = evaluations

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, float], **_: Any) -> None:
        """Stops without a checkpoint of this step, so that a killed process that goes on comes here once more."""
        if state.best_metric is None or metrics["eval_loss"] < state.best_metric:
            return  # the trainer compares after this
        measured = {log["step"] for log in state.log_history if "eval_loss" in log}
        if sum(step > state.best_global_step for step in measured) >= self.evaluations:
            control.should_training_stop, control.should_save = True, False
