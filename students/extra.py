"""The `train` extra: asked for by name before anything heavy is imported."""

from __future__ import annotations

from importlib.util import find_spec

from prompts.errors import MissingExtra

NEEDED = ("accelerate", "datasets", "peft", "torch", "transformers", "trl")


def require_training() -> None:
    """Raises MissingExtra, which names the install command, unless every library of the extra is there."""
    # Looked for and not imported: torch takes seconds to load, and a command may fail before it is needed.
    if any(find_spec(name) is None for name in NEEDED):
        raise MissingExtra("training", "train")
