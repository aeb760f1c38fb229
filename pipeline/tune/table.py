"""A search as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from pipeline.display.grid import plain, render_grid
from pipeline.display.wording import DASH, seconds
from pipeline.tune.outcome import TrialOutcome, TuneOutcome


def trial_line(trial: TrialOutcome) -> str:
    """Returns what a trial came to, in one line."""
    values = ", ".join(f"{name} {show(value)}" for name, value in trial.values.items())
    measures = f"cross-entropy {_number(trial.cross_entropy)}, accuracy {_number(trial.accuracy)}"
    return plain(f"tune: trial {trial.number} ({values}): {_state(trial)}, {measures}")


def render(outcome: TuneOutcome) -> str:
    """Returns the table, best first, and what to do with the best."""
    trials = sorted(outcome.trials, key=lambda trial: _rank(trial, outcome.objective))
    names = list(dict.fromkeys(name for trial in trials for name in trial.values))
    header = ["trial", *names, "cross-entropy", "accuracy", "steps", "time", "state"]
    rows = [_cells(trial, names, outcome.best) for trial in trials]
    lines = [render_grid(header, rows), ""]
    # Below the table: a sentence in a cell would make its column as wide as the page.
    lines += [f"trial {trial.number}: {trial.error}" for trial in trials if trial.error]
    return "\n".join([*lines, *_what_now(outcome)])


def show(value: object) -> str:
    """Formats a setting, short."""
    if value is None:
        return "none"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _rank(trial: TrialOutcome, objective: str) -> tuple[bool, float]:
    value = trial.measure(objective)
    if value is None:
        return not trial.is_done, inf
    return not trial.is_done, value if objective == "cross_entropy" else -value


def _cells(trial: TrialOutcome, names: Sequence[str], best: int | None) -> list[str]:
    number = str(trial.number)
    if trial.number == best:
        number += " (best)"
    if trial.own:
        number += " (recipe)"
    values = [show(trial.values[name]) if name in trial.values else DASH for name in names]
    steps = DASH if trial.steps is None else str(trial.steps)
    measures = [_number(trial.cross_entropy), _number(trial.accuracy)]
    return [number, *values, *measures, steps, seconds(trial.seconds), _state(trial)]


def _state(trial: TrialOutcome) -> str:
    if trial.same_as is None:
        return trial.state
    return f"{trial.state}, as trial {trial.same_as}"


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.4f}"


def _what_now(outcome: TuneOutcome) -> list[str]:
    measure = outcome.objective.replace("_", "-")
    lines = [
        f"Chosen by {measure} on {outcome.validation_rows} validation rows, carved out of the train split: the "
        "held-out ones score the student in the end."
    ]
    if outcome.owed:
        lines.append(f"{outcome.owed} trials are owed: the same command goes on.")
    return [
        *lines,
        f"The best as a recipe: {outcome.tuned}",
        f"Train and score it: stillhouse run {outcome.tuned} --dir {outcome.run}",
    ]
