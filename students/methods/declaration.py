"""The declaration of a method of training: its section of the config, what it needs, and what can be asked of it.

Light to import, for a recipe is read without torch. How a method trains is METHOD of students/NAME/method.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

MethodName = Literal["sft", "distill", "on_policy", "preference"]
"""The one list of them, which a recipe's schema shows; each is DECLARATION of students/methods/NAME.py."""

METHODS: tuple[MethodName, ...] = get_args(MethodName)


class MethodSettings(BaseModel):
    """A method's section of the config."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def check_beside(self, batch_size: int, max_length: int) -> None:
        """Raises ValueError where these settings do not go with the config's own."""


@dataclass(slots=True, frozen=True)
class Declaration:
    """Says what others must know of a method. Unless it says so, it needs nothing and takes nothing."""

    settings: type[MethodSettings] | None = None
    """Its section of the config, the field of its name; None where it has none."""
    needs_teacher: bool = False
    """A model must be in memory while the student trains: its section's `teacher`."""
    reads_preferences: bool = False
    """It learns from pairs of replies: those that curation wrote, or a file that its section names."""
    keeps_row_lengths: bool = False
    """A row is one conversation of the corpus: it does not grow while it trains, and comes in no pair."""
    takes_features: bool = False
    """Hidden states of a teacher can be added to its loss."""
    takes_four_bits: bool = False
    """It trains beside a base whose linear maps are held in four bits."""
    takes_smaller_vocabulary: bool = False
    """It needs no token but those of the corpus and those that it says it teaches beside them."""
    takes_sharding: bool = False
    """It comes out the same under FSDP."""
    takes_rows_without_padding: bool = False
    """A batch holds ids and labels and nothing else that padding would have to keep in its place."""


def find_declaration(name: MethodName) -> Declaration:
    """Loads a method's declaration by the method's name."""
    # By name, so that no list of modules stands beside the names.
    declaration: Declaration = import_module(f"students.methods.{name}").DECLARATION
    return declaration


def methods_that(can: Callable[[Declaration], bool]) -> str:
    """Names the methods of which this is so, for a message."""
    return " and ".join(name for name in METHODS if can(find_declaration(name)))


def method_sections() -> frozenset[str]:
    """Names the sections of a config that not every method takes."""
    return frozenset().union(*(sections_taken(name) for name in METHODS))


def sections_taken(name: str) -> frozenset[str]:
    """Names those of them that this method takes; none for a name that is no method's."""
    if name not in METHODS:
        return frozenset()
    declaration = find_declaration(name)
    sections = set()
    if declaration.settings is not None:
        sections.add(str(name))
    if declaration.takes_features:
        sections.add("features")
    return frozenset(sections)
