"""The memory that the student's training needs of this machine, and what would fit where that is too much."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.recipe.recipe import Recipe
from prompts.errors import InputError, StillhouseError
from students.base.architecture import Architecture, read_architecture
from students.base.prepare import find_base
from students.memory.device import find_device
from students.memory.estimate import needed, would_fit


@dataclass(slots=True, frozen=True)
class TrainingMemory:
    """A training's memory, and where it would go."""

    device: str
    devices: int
    """How many of them this machine has."""
    device_bytes: int
    settings: str
    """What of the recipe decides the memory, in words."""
    memory_bytes: int
    parts_bytes: dict[str, int]
    """By what holds it: weights, gradients, ..."""
    fits: bool
    would_fit: tuple[str, ...]
    """Changes of the recipe, each of which would; empty where it fits, or where none does."""
    needs_teacher: bool
    """Whether the method has another model in memory, which is not in these numbers."""


def plan_training(recipe: Recipe) -> TrainingMemory | None:
    """Estimates the student's training on this machine; None where the base's sizes are not to be read here.

    Rows are taken to be of max_length.
    """
    config = recipe.student
    sizes = _sizes(config.base)
    if sizes is None:
        return None
    device, answer = find_device(), recipe.generate.max_tokens
    need = needed(config, sizes, device, answer)
    options = () if need.fits else tuple(would_fit(config, sizes, device, answer))
    return TrainingMemory(
        device=device.name,
        devices=device.count,
        device_bytes=device.memory_bytes,
        settings=need.settings.words,
        memory_bytes=round(need.memory.total),
        parts_bytes={name: round(size) for name, size in asdict(need.memory).items()},
        fits=need.fits,
        would_fit=options,
        needs_teacher=config.needs_teacher,
    )


def _sizes(base: str) -> Architecture | None:
    try:
        model = find_base(base)
    except StillhouseError:
        return None  # it is not here, and a plan needs none of what training does
    if not isinstance(model, Path):
        return None  # the Hub's: asking it for the sizes would be a network call
    return read_architecture(model)


def require_memory(training: TrainingMemory | None) -> None:
    """Raises InputError where a training does not fit its device; the remedy is what would."""
    if training is None or training.fits:
        return
    need, has = training.memory_bytes / 1e9, training.device_bytes / 1e9
    remedy = "Take a smaller base, or a lower max_length"
    if training.would_fit:
        remedy = f"What would fit: {'; or '.join(training.would_fit)}"
    raise InputError(
        f"training needs about {need:.3g} GB of memory, and the {training.device} has {has:.3g} GB",
        field="student",
        remedy=remedy,
    )
