"""A form that a student can be exported in: what others must know of it. Light to import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from prompts.errors import MissingExtra

Write = Callable[[Path, Path, str], None]
"""Writes a student's model directory into an empty folder, at a precision."""


@dataclass(slots=True, frozen=True)
class Form:
    """One form: what it is made with, and which teacher adapter runs it."""

    name: str
    """As a recipe names it."""
    provider: str
    """The adapter that answers with it."""
    precision: str
    """The type of the stored weights, in the word of the library that stores them."""
    write: Write
    """InputError for a model that the form has no words for, StillhouseError where a converter fails."""
    extra: str
    imports: tuple[str, ...]
    """The packages of that extra that write and run it."""
    run_with: str
    """Shell or Python that runs it without stillhouse, for its README."""
    file: str = ""
    """For the adapter, relative to the export's folder; empty is the folder itself."""

    @property
    def placeholder(self) -> str:
        """What stands for its path where it is not known."""
        return f"PATH/TO/{self.file or 'THIS/DIRECTORY'}"

    def spec(self, folder: object) -> str:
        """Returns the teacher that the export in `folder` is."""
        if not self.file:
            return f"{self.provider}:{folder}"
        return f"{self.provider}:{folder}/{self.file}"

    def require_installed(self) -> None:
        """Raises MissingExtra where a package that it needs is not installed; imports none of them."""
        if any(find_spec(package) is None for package in self.imports):
            raise MissingExtra(f"the export '{self.name}'", self.extra)
