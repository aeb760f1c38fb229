"""The base of every part of a recipe: closed, typed, immutable."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Closed: an unknown key is an error."""

    # Closed, since a misspelt key would be a setting that does nothing. Frozen, since fingerprints are made of it.
    # Built when first used: most commands use few of the sections that they import.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def remedy_for(cls, key: str) -> str | None:
        """Says what would be right in the place of a key that is not known here; None where it is not known either."""
        return None
