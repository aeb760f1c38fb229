"""A JSON API's bodies: read into values, each of the type it should have or None."""

from __future__ import annotations

import json

import orjson

from teachers.errors import Malformed


def to_json(value: object) -> bytes:
    """Returns a body as JSON, in UTF-8."""
    try:
        return orjson.dumps(value)
    except TypeError:  # half a surrogate pair, an integer of more than 64 bits: only the slow one writes them
        return json.dumps(value).encode()


def parse_json(content: bytes, *, provider: str) -> object:
    """Returns the value in a body; Malformed, with how the body begins, where it is not JSON."""
    try:
        value: object = _loads(content)
    except (ValueError, RecursionError) as error:
        start = content[:60].decode("utf-8", "replace")
        remedy = None
        if content.lstrip().startswith(b"<"):
            remedy = "That is a web page: check the base URL"
        raise Malformed(f"answered what is not JSON: {start!r}", provider=provider, remedy=remedy) from error
    return value


def _loads(content: bytes) -> object:
    try:
        return orjson.loads(content)
    except ValueError:  # NaN, half a surrogate pair, a byte order mark, UTF-16: what JSON is not, and servers send
        return json.loads(content)


def string(value: object) -> str | None:
    """Returns the value where it is a string."""
    if isinstance(value, str):
        return value
    return None


def at(value: object, *path: str) -> object:
    """Returns the value at a path of keys; None where there is none, or no object on the way."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def count(value: object, *path: str) -> int | None:
    """Returns the non-negative integer at a path of keys, where there is one."""
    number = at(value, *path)
    # To Python a JSON `true` is the integer 1.
    if isinstance(number, int) and not isinstance(number, bool) and number >= 0:
        return number
    return None


def storable(text: str) -> str:
    """JSON can carry half a surrogate pair, which is no UTF-8: it becomes '?'."""
    return text.encode("utf-8", "replace").decode("utf-8")
