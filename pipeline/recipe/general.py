"""The recipe's section `evaluate.general`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import yaml
from pydantic import Field

from pipeline.recipe.section import Section
from pipeline.recipe.yaml12 import line_of
from prompts.errors import InputError, MissingExtra


class General(Section):
    """Tasks of lm-evaluation-harness, base against student: they show what the student has forgotten."""

    tasks: list[Path] = Field(default_factory=list)
    """Task or group files of lm-eval (YAML), relative to the recipe; their `data_files` are relative to the task file.
    None asks nothing. Needs the extra `general`."""
    limit: int | None = Field(None, ge=1)
    """Use only the first so many rows of each task."""

    def beside(self, path: Path, root: yaml.Node | None) -> General:
        """The same with absolute files, of the recipe at `path`; InputError, with the line, for one that is missing."""
        folder = path.resolve().parent
        files = [(folder / task).resolve() for task in self.tasks]
        for place, file in enumerate(files):
            if not file.is_file():
                line = line_of(root, ["evaluate", "general", "tasks", place])
                field, remedy = "evaluate.general.tasks", f"Relative to {folder}"
                raise InputError(f"no such file: {file}", path=path, line=line, field=field, remedy=remedy)
        return self.model_copy(update={"tasks": files})


def require_general(general: General) -> None:
    """Raises MissingExtra where there are tasks and lm-eval is not installed."""
    if general.tasks and find_spec("lm_eval") is None:
        raise MissingExtra("evaluate.general", "general")
