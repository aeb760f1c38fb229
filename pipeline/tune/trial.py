"""One trial: a training with other settings, measured on the validation rows as it goes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.inference.provenance import provenance
from pipeline.recipe.tune import Tune
from pipeline.run.context import Context
from pipeline.train.stage import prepare_job
from pipeline.tune.study import report, twin_of
from prompts.errors import StillhouseError
from students.config import StudentConfig
from students.finetune.train import train
from students.result import Diverged, Progress, TrainResult, Validation

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial


class GivenUp(StillhouseError):
    """Not worth going on with."""


@dataclass(slots=True)
class Attempt:
    """A trial under way; what it has measured stands in Optuna's journal, where a later process finds it."""

    context: Context
    study: optuna.Study
    trial: optuna.Trial
    config: StudentConfig
    place: Path
    """Its checkpoints and its student: deleted when it has ended."""
    tune: Tune
    on_progress: Callable[[Progress], None]
    measured: dict[str, list[float]] = field(default_factory=dict)
    """By step: cross-entropy and accuracy."""

    def run(self) -> None:
        """Trains to the end, or until it is given up or diverges, and tells the study.

        What else goes wrong is raised, with the trial left open: the same command goes on with it.
        """
        from optuna.trial import TrialState

        twin = twin_of(self.study, self.trial)
        if twin is not None:
            self._end_as(twin)
            return
        # A training that goes on from a checkpoint does not measure again what came before it.
        self.measured = dict(self.trial.user_attrs.get("measured", {}))
        began_s = time.monotonic()
        try:
            result = self._train()
        except GivenUp:
            self._end(TrialState.PRUNED, began_s)
        except Diverged as error:
            self.trial.set_user_attr("error", str(error))
            self._end(TrialState.FAIL, began_s)
        else:
            cross_entropy, accuracy = self.measured[str(result.best_step)]
            self.trial.set_user_attr("kept", [cross_entropy, accuracy])
            self.trial.set_user_attr("result", {"steps": result.steps, "parameters": result.parameters})
            self._end(TrialState.COMPLETE, began_s, self._objective(cross_entropy, accuracy))
        shutil.rmtree(self.place, ignore_errors=True)

    def _train(self) -> TrainResult:
        recipe, run = self.context.recipe, self.context.run
        job = prepare_job(recipe, run, self.config, out=self.place / "student", work=self.place / "checkpoints")
        return train(job, on_progress=self.on_progress, on_validation=self._watch, provenance=provenance(recipe, run))

    def _watch(self, now: Validation) -> None:
        # By text: Optuna's journal is JSON, whose names are.
        self.measured[str(now.step)] = [now.cross_entropy, now.accuracy]
        self.trial.set_user_attr("measured", self.measured)
        self.trial.set_user_attr("validation_rows", now.rows)
        # By percent: trials of different lengths are compared at the same share of their steps.
        value = self._objective(now.cross_entropy, now.accuracy)
        if report(self.study, self.trial, round(100 * now.step / now.total_steps), value) and self.tune.prune:
            raise GivenUp(f"trial {self.trial.number} is worse than the median at step {now.step}")

    def _objective(self, cross_entropy: float, accuracy: float) -> float:
        return cross_entropy if self.tune.objective == "cross_entropy" else accuracy

    def _end(self, state: optuna.trial.TrialState, began_s: float, value: float | None = None) -> None:
        self.trial.set_user_attr("seconds", round(time.monotonic() - began_s, 3))
        self.study.tell(self.trial, value, state)

    def _end_as(self, twin: FrozenTrial) -> None:
        for name, held in twin.user_attrs.items():
            self.trial.set_user_attr(name, 0.0 if name == "seconds" else held)
        self.trial.set_user_attr("same_as", twin.user_attrs.get("same_as", twin.number))
        # Its measurements too, for they count in the median that later trials are held against.
        for percent, reported in twin.intermediate_values.items():
            self.trial.report(reported, percent)
        self.study.tell(self.trial, twin.value if twin.state.name == "COMPLETE" else None, twin.state)
