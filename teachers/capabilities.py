"""What a teacher can honour, read from capabilities.yaml and from what the recipe says of it."""

from __future__ import annotations

from dataclasses import fields, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_type_hints

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from prompts.errors import InputError
from teachers.base import Capabilities
from teachers.spec import Spec

TABLE = Path(__file__).with_suffix(".yaml")
_HINTS = get_type_hints(Capabilities)


class Row(BaseModel):
    """One row of the table."""

    model_config = ConfigDict(extra="forbid")

    provider: str
    models: list[str] = ["*"]
    at: Literal["own", "elsewhere", "anywhere"] = "anywhere"
    api: str | None = None
    """Only where the recipe asks for this API, or an earlier row chose it."""
    before: str | None = None
    """Only where the recipe asks for an API version dated before this day."""
    values: dict[str, Any]
    source: str
    read_on: Any


def capabilities_of(spec: Spec) -> Capabilities:
    """What the table and the recipe say of this teacher; InputError for an override that is no capability."""
    can = Capabilities(api=spec.options.api or "")
    for row in table():
        if _matches(row, spec, can.api):
            values = _checked(row.values, str(TABLE))
            if spec.options.api:
                values.pop("api", None)
            can = replace(can, **values, source=row.source, read_on=str(row.read_on))
    if spec.options.capabilities:
        can = replace(can, **_checked(dict(spec.options.capabilities), None), source="the recipe", read_on="")
    return can


@cache
def table() -> tuple[Row, ...]:
    """The rows of capabilities.yaml."""
    return tuple(Row.model_validate(row) for row in yaml.safe_load(TABLE.read_text(encoding="utf-8")))


def _matches(row: Row, spec: Spec, api: str) -> bool:
    place = "elsewhere" if spec.base_url else "own"
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
    known = ", ".join(item.name for item in fields(Capabilities))
    for name, value in typed.items():
        field = f"capabilities.{name}"
        if name not in _HINTS:
            raise InputError("is no capability", path=path, field=field, remedy=f"Known: {known}")
        try:
            TypeAdapter(_HINTS[name]).validate_python(value, strict=True)
        except ValidationError as error:
            raise InputError(error.errors()[0]["msg"], path=path, field=field, remedy=f"Got {value!r}") from error
    return typed
