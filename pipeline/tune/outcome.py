"""The outcome of a search: the record, and its JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pipeline.recipe.recipe import Recipe
from pipeline.run.directory import RunDir

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

DONE = "done"
STATES = {"COMPLETE": DONE, "PRUNED": "given up", "FAIL": "diverged", "RUNNING": "under way"}


@dataclass(slots=True, frozen=True)
class TrialOutcome:
    """One trial: its measures are those of the weights it kept, or where it was given up its last ones."""

    number: int
    state: str
    """One of STATES."""
    values: dict[str, Any]
    """The settings that were tried, by name."""
    cross_entropy: float | None
    """Nats per token on the validation rows; None before the first measurement."""
    accuracy: float | None
    seconds: float | None
    error: str | None
    """Why it diverged."""
    same_as: int | None
    """The earlier trial of the same values, whose results these are."""
    own: bool
    """Whether its settings are the recipe's own."""
    steps: int | None
    """Of a trial that is done; so the next."""
    parameters: int | None

    @property
    def is_done(self) -> bool:
        """True where it came to its end."""
        return self.state == DONE

    def measure(self, objective: str) -> float | None:
        """Returns the measure that the search is by."""
        return self.cross_entropy if objective == "cross_entropy" else self.accuracy


@dataclass(slots=True, frozen=True)
class TuneOutcome:
    """Every trial in its order, the best one's number, and where its recipe is."""

    run: str
    objective: str
    validation_rows: int | None
    trials: tuple[TrialOutcome, ...]
    owed: int
    """Trials that the recipe wants and that have not ended."""
    best: int | None
    """None where no trial is done; so the next."""
    tuned: str | None

    def to_dict(self) -> dict[str, Any]:
        """Returns it as tune.json has it."""
        return asdict(self) | {"trials": [asdict(trial) for trial in self.trials]}


def best_of(study: optuna.Study) -> FrozenTrial | None:
    """Returns the best trial that is done; of equal ones that with the lower cross-entropy, then the earlier one."""
    # Not Optuna's own best: at equal accuracy, which is coarse on few rows, cross-entropy tells.
    done = [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]
    sign = 1 if study.direction.name == "MINIMIZE" else -1

    def rank(trial: FrozenTrial) -> tuple[float, float, int]:
        cross_entropy, _ = trial.user_attrs["kept"]
        return sign * (trial.value or 0.0), cross_entropy, trial.number

    return min(done, key=rank, default=None)


def outcome_of(study: optuna.Study, recipe: Recipe, run: RunDir) -> TuneOutcome:
    """Reads what the study remembers."""
    # Those that wait are none yet: their values are only proposed.
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.state.name in STATES]
    ended = sum(trial.state.is_finished() for trial in trials)
    best = best_of(study)
    return TuneOutcome(
        run=str(run.root),
        objective=recipe.tune.objective,
        validation_rows=next(_validation_rows(trials), None),
        trials=tuple(map(trial_outcome, trials)),
        owed=max(recipe.tune.trials - ended, 0),
        best=None if best is None else best.number,
        tuned=None if best is None else str(run.tuned),
    )


def trial_outcome(trial: FrozenTrial) -> TrialOutcome:
    """Reads one trial: Optuna's journal has what the attempt noted as it went."""
    notes = trial.user_attrs
    # Its best weights' where it is done, else its last ones', else nothing.
    measured = [[None, None], *notes.get("measured", {}).values()]
    cross_entropy, accuracy = notes.get("kept", measured[-1])
    result = notes.get("result", {"steps": None, "parameters": None})
    return TrialOutcome(
        number=trial.number,
        state=STATES[trial.state.name],
        values=trial.params,
        cross_entropy=cross_entropy,
        accuracy=accuracy,
        seconds=notes.get("seconds"),
        error=notes.get("error"),
        same_as=notes.get("same_as"),
        own="fixed_params" in trial.system_attrs,
        steps=result["steps"],
        parameters=result["parameters"],
    )


def _validation_rows(trials: list[FrozenTrial]) -> Iterator[int]:
    for trial in trials:
        if "validation_rows" in trial.user_attrs:
            yield trial.user_attrs["validation_rows"]
