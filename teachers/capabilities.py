"""A teacher's capabilities, read from its provider's table and from what the recipe says of it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_type_hints
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from prompts.errors import InputError
from teachers.base import Capabilities
from teachers.provider import find_provider
from teachers.spec import Spec
from teachers.tables import load_table

_HINTS = {name: hint for name, hint in get_type_hints(Capabilities).items() if name not in ("source", "read_on")}


class CapabilityRow(BaseModel):
    """One row of a provider's table."""

    model_config = ConfigDict(extra="forbid")

    models: list[str] = Field(["*"], min_length=1)
    """Shell patterns of the model's name."""
    at: Literal["own", "elsewhere", "anywhere"] = "anywhere"
    """The provider's own endpoint, or a base URL of the user's."""
    api: str | None = None
    """Only where the recipe asks for this API, or an earlier row chose it."""
    before: str | None = None
    """Only where the recipe asks for an API version dated before this day."""
    values: dict[str, Any] = Field(min_length=1)
    """Fields of Capabilities."""
    source: str = Field(min_length=1)
    """The page it is written on, or how it is known."""
    read_on: date
    """The day it was read or seen."""

    def applies(self, spec: Spec, place: str, api: str) -> bool:
        """Tells whether the row is about this teacher, at this place and with the API chosen so far."""
        if self.at not in ("anywhere", place) or self.api not in (None, api):
            return False
        if self.before is not None and (spec.options.api_version or self.before) >= self.before:
            return False
        return any(fnmatchcase(spec.model, pattern) for pattern in self.models)


def capabilities_of(spec: Spec) -> Capabilities:
    """Returns what the table and the recipe say of this teacher.

    InputError for an override that is no capability, and for an unknown provider.
    """
    place = _place(spec)
    capabilities = Capabilities(api=spec.options.api or "")
    # An API that an earlier row chose decides which later rows apply: so they are read in order.
    for row in table(spec.provider):
        if row.applies(spec, place, capabilities.api):
            values = dict(row.values)
            if spec.options.api:
                values.pop("api", None)  # the recipe chose it
            capabilities = replace(capabilities, **values, source=row.source, read_on=str(row.read_on))
    if spec.options.capabilities:
        overrides = _checked(dict(spec.options.capabilities), None)
        capabilities = replace(capabilities, **overrides, source="the recipe", read_on="")
    return capabilities


@cache
def table(provider: str) -> tuple[CapabilityRow, ...]:
    """Reads the rows of a provider's table, their values checked."""
    path = find_provider(provider).table
    rows = []
    for values in load_table(path):
        row = CapabilityRow.model_validate(values)
        rows.append(row.model_copy(update={"values": _checked(row.values, path)}))
    return tuple(rows)


def _place(spec: Spec) -> str:
    if not spec.base_url:
        return "own"
    host = urlsplit(spec.base_url).hostname or ""
    return "own" if find_provider(spec.provider).is_own(host) else "elsewhere"


def _checked(values: dict[str, Any], path: Path | None) -> dict[str, Any]:
    """Returns the values with the types that Capabilities gives them; `path` is the table they stand in."""
    typed: dict[str, Any] = {}
    for name, value in values.items():
        typed[name] = tuple(value) if isinstance(value, list) else value
        _check_value(name, typed[name], value, path)
    return typed


def _check_value(name: str, value: object, written: object, path: Path | None) -> None:
    field = f"capabilities.{name}"
    if name not in _HINTS:
        known = ", ".join(item.name for item in fields(Capabilities) if item.name in _HINTS)
        raise InputError("is no capability", path=path, field=field, remedy=f"Known: {known}")
    try:
        _adapter(name).validate_python(value, strict=True)
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise InputError(problem, path=path, field=field, remedy=f"Got {written!r}") from error
    if isinstance(value, int) and value < 0:
        raise InputError("must not be negative", path=path, field=field, remedy=f"Got {value}")


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    # Once a field: building one takes longer than validating the whole table with it.
    return TypeAdapter(_HINTS[name])
