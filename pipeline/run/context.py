"""The context that a stage works in."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.recipe.recipe import Recipe
from pipeline.run.directory import RunDir
from pipeline.run.manifest import Manifest
from pipeline.run.progress import Progress


@dataclass(slots=True, frozen=True)
class Context:
    """A run being worked on: its recipe, its directory, its manifest, and whom to tell."""

    recipe: Recipe
    run: RunDir
    manifest: Manifest
    progress: Progress
