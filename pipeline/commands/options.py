"""What several commands take, and how a result is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

if TYPE_CHECKING:
    from pipeline.recipe.recipe import Recipe

Command = TypeVar("Command", bound=Callable[..., Any])
Result = TypeVar("Result")


class Record(Protocol):
    """A result that knows its JSON."""

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain values."""


class Named(click.Choice[str]):
    """A choice among names that a room declares; the room is imported when somebody chooses, or asks for help."""

    def __init__(self, names: Callable[[], Sequence[str]]) -> None:
        self._names = names
        self.case_sensitive = True

    @property
    def choices(self) -> Sequence[str]:  # type: ignore[override]  # click's is a plain attribute
        """Returns the names, in the room's order."""
        return tuple(self._names())


PATH = click.Path(path_type=Path)
SPLIT = click.Choice(("train", "heldout", "all"))
PORT = click.IntRange(0, 65535)

as_json = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object instead of text; progress as JSON lines on stderr where that is no terminal.",
)
recipe = click.argument("recipe", type=PATH)
run_dir = click.option("--dir", "run_dir", type=PATH, help="The run directory. [runs/NAME]")
overrides = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one field of the recipe."
)
run_argument = click.argument("run_dir", metavar="RUN", type=PATH)


@dataclass(slots=True, frozen=True)
class RecipeOptions:
    """The options of a command that works on a recipe."""

    recipe: Path
    run_dir: Path | None
    overrides: tuple[str, ...]
    as_json: bool
    teacher: str | None = None

    def load(self, *more: str) -> Recipe:
        """Reads the recipe with its overrides, and `more` of them."""
        from pipeline.front.recipes import load_recipe

        return load_recipe(self.recipe, (*self.overrides, *more), teacher=self.teacher)

    def root(self, loaded: Recipe) -> Path:
        """Returns the run directory."""
        from pipeline.front.work import directory_of

        return directory_of(loaded, self.run_dir)


def recipe_options(command: Command) -> Command:
    """Adds what RecipeOptions holds."""
    teacher = click.option("--teacher", help="Another teacher: provider:model[@base_url].")
    for option in reversed((recipe, run_dir, teacher, overrides, as_json)):
        command = option(command)
    return command


def show(result: Result, render: Callable[[Result], str], *, as_json: bool) -> None:
    """Prints a result: its JSON where that was asked for, else its text."""
    if not as_json:
        click.echo(render(result))
    elif isinstance(result, Mapping):
        click.echo(json.dumps(result, default=str))
    else:
        record: Record = result  # type: ignore[assignment]  # whatever has a renderer and is no mapping is a record
        click.echo(json.dumps(record.to_dict(), default=str))
