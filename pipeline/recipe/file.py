"""A recipe's file: its values as they are written, and the line on which each stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.recipe.missing import Missing
from pipeline.recipe.yaml12 import UNREADABLE, WordsLoader, line_of, problem_of
from prompts.errors import InputError


@dataclass(slots=True, frozen=True)
class RecipeFile:
    """A recipe as its author wrote it, not yet checked."""

    path: Path
    values: Any
    """What the YAML says, of whatever type."""
    root: yaml.Node | None
    """The same as nodes, which know their lines."""

    @property
    def folder(self) -> Path:
        """The folder that relative paths are relative to."""
        return self.path.resolve().parent

    def mistake(
        self, field: str, problem: str, remedy: str | None, *, loc: Sequence[int | str] | None = None
    ) -> InputError:
        """Makes the error of a field, with its line: that of `loc` where the field's own words do not lead to it."""
        place = field.split(".") if loc is None else loc
        return InputError(problem, path=self.path, line=line_of(self.root, place), field=field, remedy=remedy)

    def missing(self, section: str, missing: Missing, *, loc: Sequence[int | str] | None = None) -> InputError:
        """Makes the error of what a section names and is not there; `loc` is the section's place."""
        place = section.split(".") if loc is None else loc
        field = f"{section}.{missing.place[0]}"
        return self.mistake(field, missing.problem, missing.remedy, loc=[*place, *missing.place])


def read_file(path: Path) -> RecipeFile:
    """Reads a recipe's file; InputError where it is no YAML."""
    try:
        text = path.read_text(encoding="utf-8")
        # Twice, since values know no lines and nodes are no values. Both loaders are safe ones.
        values, root = yaml.load(text, WordsLoader), yaml.compose(text, Loader=WordsLoader)  # noqa: S506
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8: {error.reason}", path=path, remedy="Save it as UTF-8") from error
    except UNREADABLE as error:
        problem, line = problem_of(error)
        raise InputError(f"is not YAML: {problem}", path=path, line=line) from error
    return RecipeFile(path, values, root)
