"""The space that is searched: names of a student's fields, and the student with values in their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from pipeline.recipe.tune import Choice, Range
from prompts.errors import InputError
from students.config import StudentConfig
from students.methods.declaration import method_sections, sections_taken
from students.methods.distill import Distill

Space = Mapping[str, Range | list[Choice]]

FIXED = frozenset({"base", "max_length", "validation_fraction", "eval_every", "precision", "seed", "report_to"})
"""Not to be searched: they change what is measured or when, or, like the seed, are luck."""


def space_of(student: StudentConfig, space: Space | None) -> Space:
    """Returns the recipe's space, checked, or the default one. InputError names the field that cannot be searched."""
    if space is None:
        return default_space(student)
    for name, values in space.items():
        _require_field(name)
        if isinstance(values, list) and not values:
            raise InputError("has no choice", field=f"tune.space.{name}", remedy="Give some values, or a range")
        tried = [values.low, values.high] if isinstance(values, Range) else values
        for value in tried:
            with_values(student, {name: value})  # raises before the corpus is made
    return space


def default_space(student: StudentConfig) -> Space:
    """Returns a space around the recipe's own settings, without the student's size: the largest would always win."""
    rate, epochs = student.learning_rate, student.epochs
    # Log: what matters is how many times as much.
    space: dict[str, Range | list[Choice]] = {
        "learning_rate": Range(low=rate / 5, high=rate * 5, log=True),
        "epochs": [epochs / 2, epochs, epochs * 2],
    }
    if student.lora is not None:
        rank = student.lora.rank
        space["lora.rank"] = [*sorted({max(1, rank // 2), rank, rank * 2})]
    if student.method == "distill":
        distill = student.distill or Distill()
        space["distill.tail_sampling"] = Range(low=0.0, high=max(1.0, distill.tail_sampling))
        # One of them alone scales the whole loss, which AdamW takes out again.
        if distill.a_ce > 0 and distill.a_kd > 0:
            space["distill.a_kd"] = Range(low=distill.a_kd / 4, high=distill.a_kd * 4, log=True)
    return space


def with_values(student: StudentConfig, values: Mapping[str, Any]) -> StudentConfig:
    """Returns the student with these fields; InputError names one whose value does not do.

    Null for a section's field that may not be null takes the section away, whatever else is said of it; so does a
    section of nothing but nulls.
    """
    # Without what was not set: a default of one method's section would be an error under another.
    plain: dict[str, Any] = student.model_dump(exclude_unset=True)
    gone: set[str] = set()
    for name, value in values.items():
        section, _, field = name.rpartition(".")
        if not section:
            plain[field] = value
        elif value is None and not _may_be_null(section, field):
            gone.add(section)
        else:
            plain[section] = {**(plain.get(section) or {}), field: value}
    for section in {name.partition(".")[0] for name in values if "." in name}:
        if section in gone or not any(value is not None for value in (plain.get(section) or {}).values()):
            plain[section] = None
    if "method" in values:
        plain = _for_method(plain)
    try:
        return StudentConfig.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        name = place if place in values else next(iter(values))
        raise InputError(f"{values[name]!r}: {first['msg']}", field=f"tune.space.{name}") from error


def own_values(student: StudentConfig, space: Space) -> dict[str, Any] | None:
    """Returns the recipe's own settings as a point of the space; None where they are none."""
    plain = student.model_dump()
    own: dict[str, Any] = {}
    for name, values in space.items():
        section, _, field = name.rpartition(".")
        held = plain[section] if section else plain
        if section == "distill" and held is None and student.method == "distill":
            held = Distill().model_dump()
        own[name] = None if held is None else held[field]
        if not _holds(values, own[name]):
            return None
    return own


def _holds(values: Range | list[Choice], value: Any) -> bool:
    if isinstance(values, list):
        return value in values
    return value is not None and values.low <= value <= values.high


def _require_field(name: str) -> None:
    if name in FIXED:
        raise InputError("cannot be tuned", field=f"tune.space.{name}", remedy=f"Fixed: {', '.join(sorted(FIXED))}")
    section, _, field = name.rpartition(".")
    holder = _section(section) if section else StudentConfig
    if holder is None or field not in holder.model_fields:
        known = StudentConfig if holder is None else holder
        remedy = f"Known fields: {', '.join(sorted(set(known.model_fields) - FIXED))}"
        raise InputError("is no field of a student", field=f"tune.space.{name}", remedy=remedy)


def _may_be_null(section: str, field: str) -> bool:
    holder = _section(section)
    return holder is not None and type(None) in get_args(holder.model_fields[field].annotation)


def _section(name: str) -> type[BaseModel] | None:
    info = StudentConfig.model_fields.get(name)
    if info is None:
        return None
    # A section is optional in the recipe: its model stands in a union with None.
    for part in (info.annotation, *get_args(info.annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def _for_method(plain: dict[str, Any]) -> dict[str, Any]:
    """Without the sections that the method refuses."""
    refused = method_sections() - sections_taken(plain["method"])
    return {name: value for name, value in plain.items() if name not in refused}
