"""JSON values in the one form in which they are compared, by votes and scorers."""

from __future__ import annotations

from typing import Any

from prompts.text import normalise

_EXACT_FLOATS = 2**53
"""Below it every whole number is a float of its own."""


def comparable(value: Any) -> Any:
    """Returns a JSON value in its comparable form: 1.0 is 1, and texts are normalised; names of fields are not."""
    match value:
        case str():
            return normalise(value)
        case dict():
            return {name: comparable(item) for name, item in value.items()}
        case list():
            return [comparable(item) for item in value]
        # Models write 5 and 5.0 for the same price.
        case float() if value.is_integer() and abs(value) < _EXACT_FLOATS:
            return int(value)
        case _:
            return value
