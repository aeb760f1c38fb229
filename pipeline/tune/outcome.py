"""What a search came to, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.recipe.recipe import Recipe
from pipeline.run.directory import RunDir

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

STATES = {"COMPLETE": "done", "PRUNED": "given up", "FAIL": "diverged", "RUNNING": "under way"}


def best_of(study: optuna.Study) -> FrozenTrial | None:
    """The best trial that came to its end; of equal ones that with the lower cross-entropy, then the earlier one."""
    done = [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]
    sign = 1 if study.direction.name == "MINIMIZE" else -1
    return min(done, key=lambda one: (sign * (one.value or 0.0), one.user_attrs["kept"][0], one.number), default=None)


def outcome_of(study: optuna.Study, recipe: Recipe, run: RunDir) -> dict[str, Any]:
    """Every trial in its order, the best one's number, and where its recipe is."""
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.state.name in STATES]
    best = best_of(study)
    rows = [trial.user_attrs["validation_rows"] for trial in trials if "validation_rows" in trial.user_attrs]
    return {
        "run": str(run.root),
        "objective": recipe.tune.objective,
        "validation_rows": rows[0] if rows else None,
        "trials": [trial_data(trial) for trial in trials],
        "owed": max(recipe.tune.trials - sum(trial.state.is_finished() for trial in trials), 0),
        "best": None if best is None else best.number,
        "tuned": None if best is None else str(run.tuned),
    }


def trial_data(trial: FrozenTrial) -> dict[str, Any]:
    """One trial: its measures are those of the weights it kept, or where it was given up its last ones."""
    said = trial.user_attrs
    last = list(said.get("measured", {}).values())[-1:] or [[None, None]]
    cross_entropy, accuracy = said.get("kept", last[0])
    return {
        "number": trial.number,
        "state": STATES[trial.state.name],
        "values": trial.params,
        "cross_entropy": cross_entropy,
        "accuracy": accuracy,
        "seconds": said.get("seconds"),
        "error": said.get("error"),
        "same_as": said.get("same_as"),
        "own": "fixed_params" in trial.system_attrs,
        **said.get("result", {"steps": None, "parameters": None}),
    }
