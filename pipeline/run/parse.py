"""Records in JSON: read whole, or not at all. pydantic checks them; it is loaded when there is something to check."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


class Misfit(ValueError):
    """JSON that is not the record it should be; says which value, and what is wrong."""


def parse(kind: type[T], text: bytes | str) -> T:
    """Reads a record; raises Misfit for a key that is missing or too many, and for a value of another type."""
    from pydantic import ValidationError

    try:
        record: T = _adapter(kind).validate_json(text, strict=True)  # type: ignore[arg-type]  # classes can be hashed
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Misfit(f"{place}: {first['msg']}") from error
    return record


def to_plain(record: Any) -> dict[str, Any]:
    """Returns a record as `parse` would read it, by the names that JSON has for its fields."""
    kind: Any = type(record)
    values: dict[str, Any] = _adapter(kind).dump_python(record, by_alias=True)
    return values


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)  # takes a millisecond or two
