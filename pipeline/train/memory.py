"""What the student's training needs of this machine's memory, and what would fit where that is too much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.recipe.recipe import Recipe
from prompts.errors import InputError, StillhouseError
from students.base.architecture import Architecture, read_architecture
from students.base.prepare import find_base
from students.memory.device import find_device
from students.memory.estimate import needed, would_fit


def plan_training(recipe: Recipe) -> dict[str, Any] | None:
    """The device, its settings and bytes by what holds them; None where the base's sizes are not to be read here.

    Rows are taken to be of max_length. The teacher in memory of `on_policy` and `features` is not in it.
    """
    config = recipe.student
    if (sizes := _sizes(config.base)) is None:
        return None
    device, answer = find_device(), recipe.generate.max_tokens
    need = needed(config, sizes, device, answer)
    return {
        "device": device.name,
        "devices": device.count,
        "device_bytes": device.memory_bytes,
        "settings": need.settings.words,
        "memory_bytes": round(need.memory.total),
        "parts_bytes": {name: round(size) for name, size in asdict(need.memory).items()},
        "fits": need.fits,
        "would_fit": [] if need.fits else would_fit(config, sizes, device, answer),
        "needs_teacher": config.needs_teacher,
    }


def _sizes(base: str) -> Architecture | None:
    try:
        found = find_base(base)
    except StillhouseError:  # it is not here; a plan needs none of what training does
        return None
    return read_architecture(found) if isinstance(found, Path) else None


def require_memory(plan: Mapping[str, Any]) -> None:
    """InputError where a plan's training does not fit its device; the remedy is what would."""
    training = plan["training"]
    if training is None or training["fits"]:
        return
    need, has = training["memory_bytes"] / 1e9, training["device_bytes"] / 1e9
    options = "; or ".join(training["would_fit"])
    raise InputError(
        f"training needs about {need:.3g} GB of memory, and the {training['device']} has {has:.3g} GB",
        field="student",
        remedy=f"What would fit: {options}" if options else "Take a smaller base, or a lower max_length",
    )
