"""The recipe's section `evaluate.general`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from pydantic import Field

from pipeline.recipe.missing import Missing
from pipeline.recipe.section import NamingSection
from prompts.errors import MissingExtra


class General(NamingSection):
    """Tasks of lm-evaluation-harness, base against student: they show what the student has forgotten."""

    tasks: list[Path] = Field(default_factory=list)
    """Task or group files of lm-eval (YAML), relative to the recipe; their `data_files` are relative to the task file.
    None asks nothing. Needs the extra `general`."""
    limit: int | None = Field(None, ge=1)
    """Use only the first so many rows of each task."""

    def beside(self, folder: Path) -> General:
        """Returns the section with absolute files, relative ones taken from `folder`."""
        return self.model_copy(update={"tasks": [(folder / task).resolve() for task in self.tasks]})

    def missing(self, folder: Path) -> Missing | None:
        """Returns the first task whose file is not there; asked after `beside`."""
        for place, file in enumerate(self.tasks):
            if not file.is_file():
                return Missing(("tasks", place), f"no such file: {file}", f"Relative to {folder}")
        return None

    def files(self) -> list[Path]:
        """Returns the tasks' files; the data that they name in turn are not followed."""
        return list(self.tasks)


def require_general(general: General) -> None:
    """Raises MissingExtra where there are tasks and lm-eval is not installed."""
    # Looked for and not imported: importing lm-eval takes seconds, and this is asked at the start of every run.
    if general.tasks and find_spec("lm_eval") is None:
        raise MissingExtra("evaluate.general", "general")
