"""Reads a recipe: its file, what the command line sets in it, and errors that name file, line and field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.recipe.file import RecipeFile, read_file
from pipeline.recipe.mistakes import explain
from pipeline.recipe.overrides import apply_override
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.resolve import resolve
from pipeline.recipe.teachers import problem_of
from prompts.errors import InputError

RECIPES = Path(__file__).parents[1] / "recipes"


def load_recipe(path: Path, overrides: Sequence[str] = (), *, teacher: str | None = None) -> Recipe:
    """Reads a recipe, applies `KEY=VALUE` overrides, resolves paths; InputError names file, line and field."""
    path = find_recipe(path)
    file = read_file(path)
    values = file.values
    if not isinstance(values, dict):
        raise InputError("is not a mapping", path=path, line=1, remedy="Begin with 'name:', 'prompts:', 'teacher:'")
    for override in overrides:
        apply_override(values, override)
    # After the overrides: swapping a teacher is this option and nothing else, whatever they set.
    if teacher is not None:
        values["teacher"] = teacher
    recipe = _validate(values, file)
    if problem := problem_of(recipe.combine, recipe.teacher, recipe.generate.samples):
        raise file.mistake(problem.field, problem.problem, problem.remedy)
    return resolve(recipe, file)


def read_resolved(path: Path) -> Recipe:
    """Reads the recipe that a run keeps, as it was resolved: what it names may be gone since.

    InputError where another version of stillhouse wrote it in words that this one does not have.
    """
    file = read_file(path)
    return _validate(file.values, file)


@contextmanager
def placed(path: Path) -> Iterator[None]:
    """Gives errors about a field of the recipe at `path`, found after it was read, its file and line."""
    try:
        yield
    except InputError as error:
        field = error.field or ""
        # A field of another file, a template's or a log's, may have any name: only the recipe's own lead to its lines.
        if error.path is not None or field.split(".")[0] not in Recipe.model_fields:
            raise
        file = read_file(find_recipe(path))
        raise file.mistake(field, error.problem, error.remedy) from error


def find_recipe(path: Path) -> Path:
    """Returns the file itself, else the shipped recipe of that name; InputError where there is neither."""
    if path.is_file():
        return path
    shipped = RECIPES / f"{path.name.removesuffix('.yaml')}.yaml"
    # A name without a folder alone: a mistyped path must not run something else.
    if path.parent == Path() and shipped.is_file():
        return shipped
    names = ", ".join(sorted(recipe.stem for recipe in RECIPES.glob("*.yaml")))
    raise InputError("no such recipe", path=path, remedy=f"Give a YAML file, or a shipped recipe: {names}")


def _validate(values: Any, file: RecipeFile) -> Recipe:
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise explain(error, file) from error
