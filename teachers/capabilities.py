"""What a teacher can honour, read from capabilities.yaml and from what the recipe says of it."""

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
from teachers.spec import Spec
from teachers.tables import load_table

TABLE = Path(__file__).with_suffix(".yaml")
_HINTS = {name: hint for name, hint in get_type_hints(Capabilities).items() if name not in ("source", "read_on")}

OWN_HOSTS = {
    "openai": ("api.openai.com", "*.api.openai.com"),
    "anthropic": ("api.anthropic.com",),
    "bedrock": ("*.amazonaws.com", "*.amazonaws.com.cn", "*.api.aws"),
}
"""Base URLs that name the provider's own endpoint: with one of them nothing is elsewhere."""


class CapabilityRow(BaseModel):
    """One row of the table."""

    model_config = ConfigDict(extra="forbid")

    provider: str
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


def capabilities_of(spec: Spec) -> Capabilities:
    """What the table and the recipe say of this teacher; InputError for an override that is no capability."""
    can = Capabilities(api=spec.options.api or "")
    for row in table():
        if _matches(row, spec, can.api):
            values = {name: value for name, value in row.values.items() if name != "api" or not spec.options.api}
            can = replace(can, **values, source=row.source, read_on=str(row.read_on))
    if spec.options.capabilities:
        can = replace(can, **_checked(dict(spec.options.capabilities), None), source="the recipe", read_on="")
    return can


@cache
def table() -> tuple[CapabilityRow, ...]:
    """The rows of capabilities.yaml, their values checked."""
    rows = (CapabilityRow.model_validate(row) for row in load_table(TABLE))
    return tuple(row.model_copy(update={"values": _checked(row.values, str(TABLE))}) for row in rows)


def _matches(row: CapabilityRow, spec: Spec, api: str) -> bool:
    host = urlsplit(spec.base_url).hostname or "" if spec.base_url else None
    own = host is None or any(fnmatchcase(host, pattern) for pattern in OWN_HOSTS.get(spec.provider, ()))
    place = "own" if own else "elsewhere"
    return (
        row.provider == spec.provider
        and row.at in ("anywhere", place)
        and row.api in (None, api)
        and (row.before is None or (spec.options.api_version or row.before) < row.before)
        and any(fnmatchcase(spec.model, pattern) for pattern in row.models)
    )


def _checked(values: dict[str, Any], path: str | None) -> dict[str, Any]:
    """The values with the types that Capabilities gives them."""
    typed = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    known = ", ".join(item.name for item in fields(Capabilities) if item.name in _HINTS)
    for name, value in typed.items():
        field = f"capabilities.{name}"
        if name not in _HINTS:
            raise InputError("is no capability", path=path, field=field, remedy=f"Known: {known}")
        try:
            TypeAdapter(_HINTS[name]).validate_python(value, strict=True)
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            raise InputError(problem, path=path, field=field, remedy=f"Got {values[name]!r}") from error
        if isinstance(value, int) and value < 0:
            raise InputError("must not be negative", path=path, field=field, remedy=f"Got {value}")
    return typed
