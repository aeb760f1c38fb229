"""Optuna's part: what is tried next, what is remembered of it, and whether it is worth going on with.

The memory is Optuna's journal file: a line a change, flushed before it counts. Proposals depend on the seed, the number
of the trial and what came of those before, not on the process: one that was killed proposes what it would have.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.recipe.tune import Range, Tune
from pipeline.tune.space import Space
from prompts.digest import digest
from prompts.errors import MissingExtra

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

STARTUP = 5
"""Trials that are drawn at random before the proposals learn from them."""
BEFORE_PRUNING = 3
"""Trials that must have come to their end, and been measured at the same share of their steps, before one is given up
for being worse than their median."""


def require_optuna() -> None:
    """Raises MissingExtra, which names the install command."""
    if find_spec("optuna") is None:
        raise MissingExtra("tuning", "tune")


def open_study(path: Path, name: str, tune: Tune) -> optuna.Study:
    """Opens the study of this name in the journal at `path`, made if it is not there. One process at a time."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)  # it would say on stderr what the progress line says
    _mend(path)
    # A median of fewer than three would give up on luck.
    median = optuna.pruners.MedianPruner(n_startup_trials=BEFORE_PRUNING, n_min_trials=BEFORE_PRUNING)
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(path))),
        study_name=name,
        direction="minimize" if tune.objective == "cross_entropy" else "maximize",
        pruner=median if tune.prune else optuna.pruners.NopPruner(),
        load_if_exists=True,
    )


def _mend(path: Path) -> None:
    """Takes away what a killed process leaves: its lock, and a last line that it did not finish."""
    # One process at a time works on a run, so that whoever holds these is dead.
    for lock in path.parent.glob(f"{path.name}.lock*"):
        lock.unlink()
    if not path.exists():
        return
    text = path.read_bytes()
    if text and not text.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(text.rfind(b"\n") + 1)


def next_trial(study: optuna.Study, space: Space, seed: int, first: Mapping[str, Any] | None) -> optuna.Trial:
    """Returns the trial that a killed process had begun, else a new one; the very first has the values `first`."""
    import optuna
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False)
    begun = [trial for trial in trials if trial.state == TrialState.RUNNING]
    number = begun[0].number if begun else sum(trial.state != TrialState.WAITING for trial in trials)
    # A sampler of its own for each trial: one that went on from its last draw would depend on the process's age.
    draws = int(digest([seed, number]), 16) % 2**32
    study.sampler = optuna.samplers.TPESampler(seed=draws, n_startup_trials=STARTUP, constant_liar=False)
    if not begun and not trials and first is not None:
        study.enqueue_trial(dict(first))
    trial = optuna.Trial(study, begun[0]._trial_id) if begun else study.ask()
    for name, values in space.items():
        _suggest(trial, name, values)
    return trial


def _suggest(trial: optuna.Trial, name: str, values: Range | list[Any]) -> None:
    if isinstance(values, list):
        trial.suggest_categorical(name, values)
    elif isinstance(values.low, int) and isinstance(values.high, int):
        trial.suggest_int(name, values.low, values.high, log=values.log)
    else:
        trial.suggest_float(name, values.low, values.high, log=values.log)


def report(study: optuna.Study, trial: optuna.Trial, percent: int, value: float) -> bool:
    """Tells of a measurement after `percent` of a trial's steps; says whether the trial is to be given up."""
    if percent not in study.get_trials(deepcopy=False)[trial.number].intermediate_values:
        trial.report(value, percent)  # one that goes on after a kill may measure what it has told of
    return percent < 100 and bool(trial.should_prune())


def twin_of(study: optuna.Study, trial: optuna.Trial) -> FrozenTrial | None:
    """Returns an earlier trial of the same values, if any: training is deterministic, so this one would end as it."""
    for other in study.get_trials(deepcopy=False):
        if other.number < trial.number and other.state.is_finished() and other.params == trial.params:
            return other
    return None
