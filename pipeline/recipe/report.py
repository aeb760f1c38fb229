"""The recipe's section `report`."""

from __future__ import annotations

from pydantic import Field

from pipeline.recipe.section import Section


class Report(Section):
    """The rule that the page decides by."""

    margin: float = Field(0.02, ge=0, lt=1)
    """How much lower the student may score than its teacher and still replace it, in units of the score: the margin of
    a non-inferiority test. 0 asks that it be no worse at all."""
