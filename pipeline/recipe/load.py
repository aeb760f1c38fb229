"""Reads a recipe: its file, what the command line sets in it, and errors that name file, line and field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.recipe.curate import DEFAULT, STEPS
from pipeline.recipe.evaluate import SCORERS
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.resolve import resolve
from pipeline.recipe.section import Section
from pipeline.recipe.teachers import problem_of
from pipeline.recipe.yaml12 import WordsLoader, line_of
from prompts.errors import InputError

RECIPES = Path(__file__).parents[1] / "recipes"

Loc = tuple[int | str, ...]
"""A place in a recipe, as pydantic says it."""

UNION_MEMBERS = ("int", "float", "str", "bool")


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
    recipe = _validate(values, path, root)
    if problem := problem_of(recipe.combine, recipe.teacher, recipe.generate.samples):
        line = line_of(root, problem.field.split("."))
        raise InputError(problem.problem, path=path, line=line, field=problem.field, remedy=problem.remedy)
    return resolve(recipe, path, root)


def read_resolved(path: Path) -> Recipe:
    """Reads the recipe that a run keeps, as it was resolved: what it names may be gone since.

    InputError where another version of stillhouse wrote it in words that this one does not have.
    """
    values, root = _read(path)
    return _validate(values, path, root)


def _validate(values: Any, path: Path, root: yaml.Node | None) -> Recipe:
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise _explain(error, path, root) from error


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
    _write_out_scorer(values, parents)
    at: Any = values
    for name in parents:
        at = _descend(at, name, override)
    if parents[-1:] == ["curate"] and _named_step(at, last):
        raise InputError(f"--set {override}: '{last}' is a step", remedy=f"Set one of its fields: {key}.FIELD=VALUE")
    at[last] = yaml.load(text, WordsLoader)  # noqa: S506  # a SafeLoader


def _write_out_steps(values: dict[str, Any], parents: Sequence[str]) -> None:
    """A recipe that leaves its steps to the default has them to be set, when one of them is named."""
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


def _descend(at: dict[str, Any], name: str, override: str) -> dict[str, Any]:
    found = _named_step(at, name) or at.setdefault(name, {})
    if not isinstance(found, dict):
        raise InputError(f"--set {override}: '{name}' has no fields")
    return found


def _named_step(at: dict[str, Any], name: str) -> dict[str, Any] | None:
    steps = at.get("steps")
    if not isinstance(steps, list):
        return None
    for written in steps:
        if isinstance(written, dict) and written.get("step") == name:
            return written
    return None


def _explain(error: ValidationError, path: Path, root: yaml.Node | None) -> InputError:
    first = _most_telling(error)
    loc = _without_tags(first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    field = ".".join(str(part) for part in loc)
    return InputError(f"{first['msg']}{more}", path=path, line=line_of(root, loc), field=field, remedy=_remedy(first))


def _most_telling(error: ValidationError) -> Any:
    """Returns the error that has a remedy of its own, else the first.

    A setting in the wrong place is missing in the right one, and pydantic names what is missing first.
    """
    every = error.errors()
    for one in every:
        if one["type"] == "extra_forbidden" and _remedy_for(one["loc"]):
            return one
    return every[0]


def _without_tags(loc: Loc) -> list[int | str]:
    """Returns the place as the recipe's author wrote it: pydantic adds which member of a union it tried.

    A tag is told by its place: `judge` is a step, a scorer and a field's name.
    """
    known = []
    for before, part in zip(("", *loc), loc, strict=False):
        is_step = isinstance(before, int) and part in STEPS
        is_scorer = before == "scorer" and part in SCORERS
        if not (is_step or is_scorer or "[" in str(part)):
            known.append(part)
    if known[-1:] and known[-1] in UNION_MEMBERS:
        known.pop()
    return known


def _remedy(error: Any) -> str | None:
    loc: Loc = error["loc"]
    match error["type"]:
        case "missing":
            return "Add it"
        case "extra_forbidden":
            return _remedy_for(loc) or _known_fields(loc)
    return f"Got {error['input']!r:.80}"


def _remedy_for(loc: Loc) -> str | None:
    """Says what the section of an unknown key knows of it."""
    section = _section_at(loc[:-1])
    if section is None or not issubclass(section, Section):
        return None
    return section.remedy_for(str(loc[-1]))


def _known_fields(loc: Loc) -> str:
    """Lists what may stand in the place of an unknown key."""
    section = _section_at(loc[:-1])
    if section is None:
        return "Remove it"
    return f"Known fields here: {', '.join(section.model_fields)}"


def _section_at(loc: Loc) -> type[BaseModel] | None:
    """Returns the section at a place as pydantic says it, tags of unions included; None where it is no section."""
    candidates: list[type[BaseModel]] = [Recipe]
    for part in loc:
        if isinstance(part, int) or "[" in part:  # a list's place, or a validator
            continue
        if len(candidates) > 1:
            candidates = [section for section in candidates if _tag_of(section) == part]
        elif candidates:
            field = candidates[0].model_fields.get(part)
            candidates = [] if field is None else list(sections_in(field.annotation))
    return candidates[0] if len(candidates) == 1 else None


def _tag_of(section: type[BaseModel]) -> Any:
    """Returns the name of a union's member: the default of its first field."""
    return next(iter(section.model_fields.values())).default


def sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yields the sections that a field's type allows, however deep they stand in it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for part in get_args(annotation):
        yield from sections_in(part)
