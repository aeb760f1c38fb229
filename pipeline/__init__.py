"""Distil a hosted teacher into a small student, from Python: what a notebook or a script imports.

    from pipeline import load_recipe, open_run, run

    recipe = load_recipe("recipe.yaml", overrides={"student.epochs": 2}, teacher="openai:gpt-4.1-mini")
    done = run(recipe, until="curate")
    done.rows("kept").to_dataset()
    run(recipe).evaluation
    with open_run("runs/small").student() as student:
        student.ask("cheap pills").text

Everything that goes wrong in a way we foresaw is a `StillhouseError`. Importing this loads next to nothing: each name
brings what it needs when it is first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.front.opened import Run, open_run
    from pipeline.front.recipes import load_recipe
    from pipeline.front.rows import Rows
    from pipeline.front.student import Student
    from pipeline.front.work import run
    from pipeline.recipe.recipe import Recipe
    from pipeline.run.evaluation.record import Evaluation
    from pipeline.run.progress import StageMessage, StageProgress
    from prompts.errors import InputError, MissingExtra, StillhouseError

__all__ = [
    "Evaluation",
    "InputError",
    "MissingExtra",
    "Recipe",
    "Rows",
    "Run",
    "StageMessage",
    "StageProgress",
    "StillhouseError",
    "Student",
    "load_recipe",
    "open_run",
    "run",
]

_HOMES = {
    "Evaluation": "pipeline.run.evaluation.record",
    "InputError": "prompts.errors",
    "MissingExtra": "prompts.errors",
    "Recipe": "pipeline.recipe.recipe",
    "Rows": "pipeline.front.rows",
    "Run": "pipeline.front.opened",
    "StageMessage": "pipeline.run.progress",
    "StageProgress": "pipeline.run.progress",
    "StillhouseError": "prompts.errors",
    "Student": "pipeline.front.student",
    "load_recipe": "pipeline.front.recipes",
    "open_run": "pipeline.front.opened",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pipeline' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """This package, whose `run` is the function.

    The folder run/ has the same name, and importing anything from it would put the folder in the function's place:
    Python sets a submodule as an attribute of its package. A property cannot be set over.
    """

    @property
    def run(self) -> Any:
        """Returns the front door's function."""
        return import_module("pipeline.front.work").run

    @run.setter
    def run(self, folder: ModuleType) -> None:
        """Leaves the folder to `sys.modules`, where `from pipeline.run.records import ...` finds it."""


sys.modules[__name__].__class__ = _Package
