"""What pydantic finds wrong with a recipe, in its author's words: the field, the line, and what would be right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from pipeline.recipe.curate import STEPS
from pipeline.recipe.evaluate import SCORERS
from pipeline.recipe.file import RecipeFile
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.section import Section
from prompts.errors import InputError

Loc = tuple[int | str, ...]
"""A place in a recipe, as pydantic says it: with the tags of unions, and the validators it went through."""

UNION_MEMBERS = ("int", "float", "str", "bool")
"""What pydantic adds at the end of a place whose type is one of several plain ones."""


def explain(error: ValidationError, file: RecipeFile) -> InputError:
    """Makes one message of the most telling mistake, and says how many more there are."""
    mistake = _most_telling(error)
    problem = mistake["msg"]
    if error.error_count() > 1:
        problem = f"{problem} (and {error.error_count() - 1} more)"
    loc = _without_tags(mistake["loc"])
    field = ".".join(str(part) for part in loc)
    return file.mistake(field, problem, _remedy(mistake), loc=loc)


def sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yields the sections that a field's type allows, however deep they stand in it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for part in get_args(annotation):
        yield from sections_in(part)


def _most_telling(error: ValidationError) -> Any:
    """Returns the mistake that has a remedy of its own, else the first.

    A setting in the wrong place is missing in the right one, and pydantic names what is missing first.
    """
    mistakes = error.errors()
    for mistake in mistakes:
        if mistake["type"] == "extra_forbidden" and _remedy_for(mistake["loc"]):
            return mistake
    return mistakes[0]


def _without_tags(loc: Loc) -> list[int | str]:
    """Returns the place as the recipe's author wrote it: pydantic adds which member of a union it tried.

    A tag is told by its place: `judge` is a step, a scorer and a field's name.
    """
    written: list[int | str] = []
    before: int | str = ""
    for part in loc:
        is_step = isinstance(before, int) and part in STEPS
        is_scorer = before == "scorer" and part in SCORERS
        if not (is_step or is_scorer or _is_validator(part)):
            written.append(part)
        before = part
    # No key of a recipe is called like a type, so that the last part is one only where pydantic has put it there.
    if written[-1:] and written[-1] in UNION_MEMBERS:
        written.pop()
    return written


def _is_validator(part: int | str) -> bool:
    """Says whether this is what pydantic calls a validator or a type: `function-before[to_entries(), ...]`."""
    return isinstance(part, str) and "[" in part


def _remedy(mistake: Any) -> str:
    match mistake["type"]:
        case "missing":
            return "Add it"
        case "extra_forbidden":
            return _remedy_for(mistake["loc"]) or _known_fields(mistake["loc"])
    return f"Got {mistake['input']!r:.80}"


def _remedy_for(loc: Loc) -> str | None:
    """Says what the section of an unknown key knows of it."""
    section = _section_at(loc[:-1])
    # The student's settings lie on a lower floor and are no Section: they know no words that have moved.
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
    """Returns the section at a place, tags of unions included; None where it is no section."""
    candidates: list[type[BaseModel]] = [Recipe]
    for part in loc:
        if isinstance(part, int) or _is_validator(part):
            continue
        # Of a union pydantic says the tag first and the key then.
        if len(candidates) > 1:
            candidates = [section for section in candidates if _tag_of(section) == part]
        elif candidates:
            candidates = _sections_of(candidates[0], part)
    if len(candidates) != 1:
        return None
    return candidates[0]


def _sections_of(section: type[BaseModel], name: str) -> list[type[BaseModel]]:
    """Returns the sections that may stand under a key; none where the key is not known."""
    field = section.model_fields.get(name)
    if field is None:
        return []
    return list(sections_in(field.annotation))


def _tag_of(section: type[BaseModel]) -> Any:
    """Returns the name of a union's member: the default of its first field."""
    return next(iter(section.model_fields.values())).default
