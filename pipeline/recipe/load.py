"""Reads a recipe: its file, what the command line sets in it, and errors that name file, line and field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.recipe.curate import Curate, Step
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.resolve import resolve
from pipeline.recipe.teachers import problem_of
from pipeline.recipe.yaml12 import WordsLoader, line_of
from prompts.errors import InputError

RECIPES = Path(__file__).parents[1] / "recipes"

UNION_MEMBERS = ("int", "float", "str", "bool")
STEP_NAMES = frozenset(kind.model_fields["step"].default for kind in get_args(get_args(Step)[0]))
"""The tags of the steps' union: pydantic puts them into the place of an error."""


def load_recipe(path: Path, overrides: Sequence[str] = (), *, teacher: str | None = None) -> Recipe:
    """Reads a recipe, applies `KEY=VALUE` overrides, resolves paths; InputError names file, line and field."""
    path = find_recipe(path)
    values, root = _read(path)
    if not isinstance(values, dict):
        raise InputError("is not a mapping", path=path, line=1, remedy="Begin with 'name:', 'prompts:', 'teacher:'")
    for override in overrides:
        _apply(values, override)
    if teacher is not None:
        values["teacher"] = teacher
    try:
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        raise _explain(error, path, root) from error
    if problem := problem_of(recipe.combine, recipe.teacher, recipe.generate.samples):
        line = line_of(root, problem.field.split("."))
        raise InputError(problem.says, path=path, line=line, field=problem.field, remedy=problem.remedy)
    return resolve(recipe, path, root)


@contextmanager
def placed(path: Path) -> Iterator[None]:
    """Errors about a field of the recipe at `path`, found after it was read, name its file and line."""
    try:
        yield
    except InputError as error:
        loc = (error.field or "").split(".")
        if error.path is not None or loc[0] not in Recipe.model_fields:
            raise
        path = find_recipe(path)
        line = line_of(_read(path)[1], loc)
        raise InputError(error.problem, path=path, line=line, field=error.field, remedy=error.remedy) from error


def find_recipe(path: Path) -> Path:
    """The file itself, else the shipped recipe of that name."""
    shipped = RECIPES / f"{path.name.removesuffix('.yaml')}.yaml"
    if path.is_file():
        return path
    if path.parent == Path() and shipped.is_file():
        return shipped
    names = ", ".join(sorted(item.stem for item in RECIPES.glob("*.yaml")))
    raise InputError("no such recipe", path=path, remedy=f"Give a YAML file, or a shipped recipe: {names}")


def _read(path: Path) -> tuple[Any, yaml.Node | None]:
    """The file's values, and its nodes, which know their lines."""
    try:
        text = path.read_text(encoding="utf-8")
        return yaml.load(text, WordsLoader), yaml.compose(text, Loader=WordsLoader)  # noqa: S506  # a SafeLoader
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8: {error.reason}", path=path, remedy="Save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise InputError(f"is not YAML: {error.problem}", path=path, line=line) from error


def _apply(values: dict[str, Any], override: str) -> None:
    """`student.epochs=1`; a curation step is named by its kind: `curate.calibrate.keep=0.8`."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise InputError(f"--set {override}: expected KEY=VALUE", remedy="For example --set student.epochs=1")
    *parents, last = key.split(".")
    _write_out_steps(values, parents)
    at: Any = values
    for name in parents:
        at = _descend(at, name, override)
    if parents[-1:] == ["curate"] and _named_step(at, last):
        raise InputError(f"--set {override}: '{last}' is a step", remedy=f"Set one of its fields: {key}.FIELD=VALUE")
    at[last] = yaml.load(text, WordsLoader)  # noqa: S506  # a SafeLoader


def _write_out_steps(values: dict[str, Any], parents: Sequence[str]) -> None:
    """A recipe that leaves its steps to the default has them to be set, when one of them is named."""
    defaults = [step.step for step in Curate().steps]
    if parents[:1] == ["curate"] and len(parents) > 1 and parents[1] in defaults:
        values.setdefault("curate", {}).setdefault("steps", [{"step": name} for name in defaults])


def _descend(at: dict[str, Any], name: str, override: str) -> dict[str, Any]:
    found = _named_step(at, name) or at.setdefault(name, {})
    if not isinstance(found, dict):
        raise InputError(f"--set {override}: '{name}' has no fields")
    return found


def _named_step(at: dict[str, Any], name: str) -> dict[str, Any] | None:
    steps = at.get("steps")
    candidates = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    return next((step for step in candidates if step.get("step") == name), None)


def _explain(error: ValidationError, path: Path, root: yaml.Node | None) -> InputError:
    first = error.errors()[0]
    known = _without_tags(first["loc"])
    field = ".".join(str(part) for part in known)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return InputError(
        f"{first['msg']}{more}", path=path, line=line_of(root, known), field=field, remedy=_remedy(first, known)
    )


def _without_tags(loc: tuple[int | str, ...]) -> list[int | str]:
    """The place as the recipe's author wrote it: pydantic adds which member of a union it tried.

    A step's tag follows its number, for `judge` is a field's name too.
    """
    known = [
        part
        for before, part in zip(("", *loc), loc, strict=False)
        if "[" not in str(part) and (isinstance(before, str) or part not in STEP_NAMES)
    ]
    return known[:-1] if known[-1:] and known[-1] in UNION_MEMBERS else known


def _remedy(error: Any, loc: list[int | str]) -> str | None:
    if error["type"] == "extra_forbidden":
        fields = _fields_at(loc[:-1])
        return f"Known fields here: {', '.join(fields)}" if fields else "Remove it"
    return f"Got {error['input']!r:.80}" if error["type"] != "missing" else "Add it"


def _fields_at(loc: Iterable[int | str]) -> list[str]:
    model: Any = Recipe
    for part in loc:
        info = model.model_fields.get(part) if isinstance(part, str) else None
        model = info.annotation if info else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
    return list(model.model_fields)
