"""A recipe, read from Python."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.recipe.recipe import Recipe

Overrides = Mapping[str, Any] | Sequence[str]
"""`{"student.epochs": 2}`, or as `--set` has them: `["student.epochs=2"]`."""


def load_recipe(path_or_name: str | Path, overrides: Overrides = (), *, teacher: str | None = None) -> Recipe:
    """Reads a recipe: a YAML file, or a shipped recipe's name such as `quickstart`.

    Args:
        path_or_name: The file, or the name.
        overrides: Fields to change, by their path in the recipe; a curation step by its kind:
            `{"student.epochs": 2, "curate.near.threshold": 0.8}`.
        teacher: Another teacher in place of the recipe's: `provider:model[@base_url]`.

    Raises:
        StillhouseError: Where something is wrong, with file, line, field, and what would be right.
    """
    from pipeline.recipe.load import load_recipe as load

    return load(Path(path_or_name), _as_set(overrides), teacher=teacher)


def _as_set(overrides: Overrides) -> Sequence[str]:
    if not isinstance(overrides, Mapping):
        return overrides
    # JSON is YAML: a string keeps its quotes, so that "on" and "1e3" stay strings.
    return [f"{field}={json.dumps(value, default=str)}" for field, value in overrides.items()]
