"""What a stage works with."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.manifest import Manifest
from pipeline.progress import Progress
from pipeline.recipe import Recipe
from pipeline.run import RunDir
from prompts.sources import Loaded, load_prompts
from prompts.template import load_template


@dataclass(slots=True, frozen=True)
class Context:
    """A run being worked on: its recipe, its directory, its manifest, and whom to tell."""

    recipe: Recipe
    run: RunDir
    manifest: Manifest
    progress: Progress

    def load_prompts(self) -> Loaded:
        """The recipe's prompts, rendered."""
        wanted = self.recipe.prompts
        template = load_template(wanted.template)
        return load_prompts(wanted.source, template, gold=wanted.gold, group=wanted.group, limit=wanted.limit)
