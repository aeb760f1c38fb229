"""What a scorer's scores depend on: two that are alike here mean the same by a score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.recipe.evaluate import Evaluate
from prompts.digest import digest_file


def settings_of(config: Evaluate) -> dict[str, Any]:
    """The scorer's name and settings, by the recipe's fields; a file of yours counts by its bytes, wherever it is."""
    limits = {"timeout_s": config.timeout_s, "memory_mb": config.memory_mb}
    more: dict[str, Any] = {}
    match config.scorer:
        case "label":
            more = {"labels": sorted(config.labels or ())}
        case "json":
            more = {"fields": sorted(config.fields)}
        case "numeric":
            more = {"tolerance": config.tolerance}
        case "function" if config.function is not None:
            file, _, name = config.function.rpartition(":")
            more = {"function": f"{_named(file)}:{name}", **limits}
        case "tests":
            more = {"command": None if config.command is None else [*map(_named, config.command)], **limits}
        case "judge" if config.judge is not None:
            more = {"judge": config.judge.spec, "rubric": config.rubric}
    return {"scorer": config.scorer, **more}


def _named(word: str) -> str:
    """A file that a recipe names, as its name and the start of its digest; any other word as it is."""
    path = Path(word)
    return f"{path.name} ({digest_file(path)[:12]})" if path.is_absolute() and path.is_file() else word
