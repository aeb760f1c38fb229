"""The base of every part of a recipe: closed, typed, immutable."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from pipeline.recipe.missing import Missing


class Section(BaseModel):
    """Closed: an unknown key is an error."""

    # Closed, since a misspelt key would be a setting that does nothing. Frozen, since fingerprints are made of it.
    # Built when first used: most commands use few of the sections that they import.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def remedy_for(cls, key: str) -> str | None:
        """Says what would be right in the place of a key that is not known here; None where it is not known either."""
        return None


class NamingSection(Section):
    """A section that may name files and models, relative to the recipe."""

    def beside(self, folder: Path) -> Self:
        """Returns the section with absolute paths; relative ones are taken from `folder`, the recipe's."""
        return self

    def missing(self, folder: Path) -> Missing | None:
        """Says what it names that is not there; asked after `beside`, before anything is paid."""
        return None

    def files(self) -> list[Path]:
        """Returns the files whose bytes decide, beside the settings: a change of them works again."""
        return []
