"""The command line's `--set KEY=VALUE`, put into a recipe's values before they are checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from pipeline.recipe.curate import DEFAULT
from pipeline.recipe.yaml12 import UNREADABLE, WordsLoader, problem_of
from prompts.errors import InputError


def apply_override(values: dict[str, Any], override: str) -> None:
    """Sets one key: `student.epochs=1`. A curation step is named by its kind: `curate.calibrate.keep=0.8`.

    InputError where the text is no KEY=VALUE, or the key leads into what has no fields.
    """
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise InputError(f"--set {override}: expected KEY=VALUE", remedy="For example --set student.epochs=1")
    *parents, last = key.split(".")
    _write_out_steps(values, parents)
    _write_out_scorer(values, parents)
    section = values
    for name in parents:
        section = _descend(section, name, override)
    if parents[-1:] == ["curate"] and _named_step(section, last) is not None:
        raise InputError(f"--set {override}: '{last}' is a step", remedy=f"Set one of its fields: {key}.FIELD=VALUE")
    section[last] = parse_value(text, override)


def parse_value(text: str, override: str) -> Any:
    """Reads a value as a recipe's file is read, so that exports=[int8] and generate.seed=7 have their types.

    InputError, which names the override, where it is no YAML.
    """
    try:
        return yaml.load(text, WordsLoader)  # noqa: S506  # a SafeLoader
    except UNREADABLE as error:
        problem, _ = problem_of(error)
        remedy = "Quote it for YAML, too: --set \"KEY='VALUE'\""
        raise InputError(f"--set {override}: the value is not YAML: {problem}", remedy=remedy) from error


def _write_out_steps(values: dict[str, Any], parents: Sequence[str]) -> None:
    """Gives a recipe that leaves its steps to the default these steps, when one of them is named."""
    if parents[:1] == ["curate"] and len(parents) > 1 and parents[1] in DEFAULT:
        values.setdefault("curate", {}).setdefault("steps", [{"step": name} for name in DEFAULT])


def _write_out_scorer(values: dict[str, Any], parents: Sequence[str]) -> None:
    """Makes a section of a scorer that is named alone, when one of its settings is to be set."""
    if parents[:2] != ["evaluate", "scorer"]:
        return
    evaluate = values.setdefault("evaluate", {})
    name = evaluate.get("scorer")
    if isinstance(name, str):
        evaluate["scorer"] = {"name": name}


def _descend(section: dict[str, Any], name: str, override: str) -> dict[str, Any]:
    """Returns the section of a name, or the step of that kind; an empty one is made where there is none."""
    inner = _named_step(section, name)
    if inner is None:
        inner = section.setdefault(name, {})
    if not isinstance(inner, dict):
        raise InputError(f"--set {override}: '{name}' has no fields")
    return inner


def _named_step(section: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Returns the first step of a kind in the section `curate`; None where it has none, or the section no steps."""
    steps = section.get("steps")
    if not isinstance(steps, list):
        return None
    for written in steps:
        if isinstance(written, dict) and written.get("step") == name:
            return written
    return None
