"""What a stage works with."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.manifest import Manifest
from pipeline.progress import Progress
from pipeline.recipe import Recipe
from pipeline.run import RunDir


@dataclass(slots=True, frozen=True)
class Context:
    """A run being worked on: its recipe, its directory, its manifest, and whom to tell."""

    recipe: Recipe
    run: RunDir
    manifest: Manifest
    progress: Progress
