"""Stages brought up to date: what `pipeline.run` and the commands of the stages do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prompts.errors import InputError

if TYPE_CHECKING:
    from pipeline.front.opened import Run
    from pipeline.recipe.recipe import Recipe
    from pipeline.run.progress import Listener, Progress

RUNS = Path("runs")


@dataclass(slots=True, frozen=True)
class Span:
    """Which stages: from the first to the last, and from where they run again though nothing changed."""

    first: str
    last: str
    force_from: str | None = None


def run(
    recipe: Recipe,
    directory: str | Path | None = None,
    *,
    until: str = "report",
    start: str = "generate",
    force_from: str | None = None,
    on_progress: Listener | None = None,
) -> Run:
    """Brings the stages from `start` to `until` up to date, and returns the run.

    A stage that is up to date is passed over, and no reply is paid for twice: after a kill, an error or Ctrl-C the same
    call goes on from there. The stages are generate, curate, train, package, evaluate and report.

    Args:
        recipe: From `load_recipe`.
        directory: The run directory; `runs/NAME` where it is None.
        until: The last stage.
        start: The first stage; those before it must be up to date.
        force_from: From this stage on everything runs again, changed or not.
        on_progress: Called with a `StageMessage` for each line that there is to read, and a `StageProgress` as the
            work goes on, in the thread that works. Without it both go to stderr.

    Raises:
        StillhouseError: Where something foreseen went wrong; its text says what to do.
        KeyboardInterrupt: Where the user stopped it. What was asked is journaled.

    A teacher that reads its answers from a file, and asks nobody:

        >>> from pipeline import load_recipe, run
        >>> recipe = load_recipe("recipe.yaml", overrides={"curate.split.heldout": 0.25})
        >>> done = run(recipe, until="curate", on_progress=lambda event: None)
        >>> done
        <Run runs/small: generate done, curate done>
        >>> done.stages["curate"].counts.kept
        12
        >>> done.rows("kept").to_table(["reply", "split"]).num_rows
        12
        >>> sorted({row["reply"] for row in done.rows("kept")})
        ['ham', 'spam']
    """
    from pipeline.front.loops import outside_any_loop
    from pipeline.front.opened import open_run
    from pipeline.run.progress import Progress

    span = Span(_stage(start, "start"), _stage(until, "until"), force_from and _stage(force_from, "force_from"))
    root = directory_of(recipe, directory)
    outside_any_loop(lambda: run_span(recipe, root, span, lambda file: Progress(file=file, listener=on_progress)))
    return open_run(root)


def run_span(recipe: Recipe, root: Path, span: Span, open_progress: Callable[[Path], Progress]) -> bool:
    """Runs a span's stages. False in a process that a launcher started beside the first: it trained, and has no word.

    `open_progress` is given the file in which a progress leaves what is being done, for `stillhouse status`.
    """
    from pipeline.run.context import Context
    from pipeline.run.directory import RunDir, open_run
    from pipeline.stages import run_stages
    from pipeline.train import distributed as launched

    require_launchable(span)
    if not launched.is_first():
        from pipeline.train.stage import join

        join(recipe, RunDir(root))
        return False
    with (
        launched.leading(),
        open_run(root, recipe) as (files, manifest),
        open_progress(files.now) as progress,
    ):
        run_stages(Context(recipe, files, manifest, progress), span.first, span.last, force_from=span.force_from)
    return True


def require_launchable(span: Span) -> None:
    """Raises InputError where a launcher started several processes for stages of which only one works in several."""
    from pipeline.train.distributed import require_launchable as require

    command = span.last if span.first == span.last else "run"
    require(command, span.last)


def directory_of(recipe: Recipe, directory: str | Path | None) -> Path:
    """Returns the run directory: the one that was named, else runs/NAME."""
    return RUNS / recipe.name if directory is None else Path(directory)


def _stage(name: str, argument: str) -> str:
    from pipeline.stages import NAMES

    if name not in NAMES:
        raise InputError(f"there is no stage '{name}'", field=argument, remedy=f"Stages: {', '.join(NAMES)}")
    return name
