"""A search as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.display.grid import plain, render_grid
from pipeline.display.wording import DASH, seconds
from pipeline.tune.outcome import trial_data

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def trial_line(trial: FrozenTrial) -> str:
    """What a trial came to, in one line."""
    one = trial_data(trial)
    values = ", ".join(f"{name} {show(value)}" for name, value in one["values"].items())
    return plain(f"tune: trial {one['number']} ({values}): {_state(one)}, {_measures(one)}")


def render(outcome: Mapping[str, Any]) -> str:
    """The table, best first, and what to do with the best."""
    trials = sorted(outcome["trials"], key=lambda one: _rank(one, outcome))
    names = list(dict.fromkeys(name for one in trials for name in one["values"]))
    header = ["trial", *names, "cross-entropy", "accuracy", "steps", "time", "state"]
    rows = [_cells(one, names, outcome["best"]) for one in trials]
    lines = [render_grid(header, rows), ""]
    lines += [f"trial {one['number']}: {one['error']}" for one in trials if one["error"]]
    return "\n".join([*lines, *_verdict(outcome)])


def show(value: object) -> str:
    """A setting, short."""
    return f"{value:.3g}" if isinstance(value, float) else "none" if value is None else str(value)


def _rank(one: Mapping[str, Any], outcome: Mapping[str, Any]) -> tuple[bool, float]:
    value = one[outcome["objective"]]
    ordered = value if outcome["objective"] == "cross_entropy" or value is None else -value
    return one["state"] != "done", float("inf") if ordered is None else ordered


def _cells(one: Mapping[str, Any], names: list[str], best: int | None) -> list[str]:
    number = f"{one['number']}{' (best)' if one['number'] == best else ''}{' (recipe)' if one['own'] else ''}"
    values = [show(one["values"][name]) if name in one["values"] else DASH for name in names]
    measures = [_number(one["cross_entropy"]), _number(one["accuracy"])]
    took = DASH if one["seconds"] is None else seconds(one["seconds"])
    return [number, *values, *measures, DASH if one["steps"] is None else str(one["steps"]), took, _state(one)]


def _state(one: Mapping[str, Any]) -> str:
    return one["state"] if one["same_as"] is None else f"{one['state']}, as trial {one['same_as']}"


def _measures(one: Mapping[str, Any]) -> str:
    return f"cross-entropy {_number(one['cross_entropy'])}, accuracy {_number(one['accuracy'])}"


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.4f}"


def _verdict(outcome: Mapping[str, Any]) -> list[str]:
    measure = outcome["objective"].replace("_", "-")
    lines = [
        f"Chosen by {measure} on {outcome['validation_rows']} validation rows, carved out of the train split: the "
        "held-out ones score the student in the end."
    ]
    if outcome["owed"]:
        lines.append(f"{outcome['owed']} trials are owed: the same command goes on.")
    return [
        *lines,
        f"The best as a recipe: {outcome['tuned']}",
        f"Train and score it: stillhouse run {outcome['tuned']} --dir {outcome['run']}",
    ]
