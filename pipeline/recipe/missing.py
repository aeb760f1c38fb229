"""A thing that a section of a recipe names and that is not there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class Missing:
    """The place where the recipe names it, and the problem; who reads the recipe adds its file and line."""

    place: tuple[str | int, ...]
    """The field, and the place in its list where it is a list."""
    problem: str
    remedy: str
