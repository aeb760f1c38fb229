"""The curation part of a recipe: which steps run, in which order, and the split."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pipeline.recipe.section import Section
from pipeline.recipe.step import Step
from prompts.declared import declared_in

DEFAULT = ("outcome", "format", "refusal", "exact", "near", "decontaminate")
"""The steps of a recipe that names none."""

STEPS: dict[str, type[Step]] = declared_in("pipeline.curate.steps", "STEP")
"""Name -> settings, of every step that there is."""

if TYPE_CHECKING:
    AnyStep = Step
else:  # what is found in a folder, mypy cannot know
    AnyStep = Annotated[reduce(or_, STEPS.values()), Field(discriminator="step")]


def _default_steps() -> list[Step]:
    return [STEPS[name](step=name) for name in DEFAULT]


class Split(Section):
    """Which prompts are held out. Decided before any step, so that no selection reaches the held-out rows."""

    heldout: float = Field(0.2, ge=0, lt=1)
    """The share of groups held out. A row added later moves another one across only where it joins its cluster."""
    seed: int = 0
    """Another seed holds out other groups."""
    near: float | None = Field(0.8, gt=0, le=1)
    """Prompts as similar as this (Jaccard, shingles of 3 words) stay on one side, with their groups. None: groups
    alone decide."""
    stratify: bool = False
    """Hold out the same share of every gold label, to the nearest group. Rows added later may then move others."""


class Curate(Section):
    """Curation: a split, then steps in order."""

    split: Split = Split()
    steps: list[AnyStep] = Field(default_factory=_default_steps)
    """Run in this order; each keeps or drops every row, with a reason."""
