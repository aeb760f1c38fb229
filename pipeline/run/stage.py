"""A stage, as its room declares it: `pipeline/ROOM/declaration.py` has STAGE, and is light to import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.recipe.recipe import Recipe
from pipeline.run.context import Context
from pipeline.run.directory import RunDir


@dataclass(slots=True, frozen=True)
class Card:
    """A file of a stage that follows the recipe, and what was measured since, without making the stage run again."""

    file: Callable[[RunDir], Path]
    sources: Callable[[RunDir], tuple[Path, ...]]
    """What it is made of. As make does, it is written again where one of these is newer."""
    module: str
    """Has `refresh(context)`."""


@dataclass(slots=True, frozen=True)
class Stage:
    """A stage runs when `inputs` or an upstream stage has changed, or one of its files is missing."""

    name: str
    """A command's, and its entry's in the manifest."""
    module: str
    """Has `work(context) -> Counts`, safe to repeat after a kill. Imported only to run: it may be heavy."""
    inputs: Callable[[Recipe], Any]
    """What of the recipe it depends on, as JSON; with the digests of the small files that the recipe names."""
    outputs: Callable[[RunDir], tuple[Path, ...]]
    files: Callable[[Recipe], Sequence[Path]] = lambda _: ()
    """Files and directories whose bytes are inputs too; large ones are read again only where they were touched."""
    rulings: Callable[[RunDir], str | None] = lambda _: None
    """Digest of what people decided that is an input too; None where they decided nothing."""
    check: Callable[[Context], None] = lambda _: None
    """Raises what can be known to go wrong before a teacher is paid, or says it."""
    is_wanted: Callable[[Recipe], bool] = lambda _: True
    """Whether the recipe has work for it; without, it is passed over, and later stages do not depend on it."""
    card: Card | None = None
