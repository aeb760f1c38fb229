"""`stillhouse run`, and a command a stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pipeline.commands.options import Named, RecipeOptions, recipe_options, show

if TYPE_CHECKING:
    from pipeline.front.work import Span

LIGHT = ("generate", "curate")
"""Stages in which no library of the training side, which may use pandas, has any part."""


def stage_names() -> Sequence[str]:
    """Returns the stages, in their order."""
    from pipeline.stages import NAMES

    return NAMES


@click.command()
@recipe_options
@click.option("--until", type=Named(stage_names), help="The last stage to run.")
@click.option("--from", "force_from", type=Named(stage_names), help="Run again from here, changed or not.")
def run(until: str | None, force_from: str | None, **options: Any) -> None:
    """Run every stage of RECIPE that is not up to date. RECIPE is a YAML file or a shipped recipe's name."""
    from pipeline.front.work import Span

    first, *_, last = stage_names()
    _work(Span(first, until or last, force_from), RecipeOptions(**options))


@click.command()
@recipe_options
@click.option("--what-if", "changes", multiple=True, metavar="STEP.FIELD=VALUE", help="Say what this would change.")
def curate(changes: tuple[str, ...], **options: Any) -> None:
    """Keep or drop every reply, with a reason; write kept.parquet, dropped.parquet and dataset/.

    With --what-if, which may be given again, nothing is asked of a teacher or written: it says what would change.
    """
    if changes:
        _what_if(changes, RecipeOptions(**options))
    else:
        _work_one("curate", options)


def _stage_command(name: str, text: str) -> click.Command:
    @click.command(name, help=text)
    @recipe_options
    def stage(**options: Any) -> None:
        _work_one(name, options)

    return stage


generate = _stage_command("generate", "Ask the teacher what RECIPE still owes; write replies.parquet.")
train = _stage_command("train", "Train the student on the kept rows.")
package = _stage_command(
    "package", "Write the student in the forms that RECIPE's `exports` name: fewer bits, other runtimes."
)
evaluate = _stage_command("evaluate", "Compare teacher, base and student on the held-out prompts.")
report = _stage_command("report", "Write report.html, report.md and comparison.csv from the run.")


def _work_one(stage: str, options: dict[str, Any]) -> None:
    from pipeline.front.work import Span

    _work(Span(stage, stage), RecipeOptions(**options))


def _work(span: Span, asked: RecipeOptions) -> None:
    from pipeline.explain.summary import read_summary, render_summary
    from pipeline.front.work import require_launchable, run_span
    from pipeline.process.pandas_probe import expect_no_pandas
    from pipeline.recipe.load import placed
    from pipeline.run.directory import RunDir
    from pipeline.run.progress import Progress

    require_launchable(span)
    if span.last in LIGHT:
        expect_no_pandas()
    loaded = asked.load()
    root = asked.root(loaded)
    with placed(asked.recipe):
        works = run_span(loaded, root, span, lambda file: Progress(as_json=asked.as_json, file=file))
    if works:
        show(read_summary(RunDir(root), span.last), render_summary, as_json=asked.as_json)


def _what_if(changes: Sequence[str], asked: RecipeOptions) -> None:
    from pipeline.explain.what_if import overrides_of, render_what_if, what_if
    from pipeline.run.progress import Progress

    now, then = asked.load(), asked.load(*overrides_of(changes))
    with Progress(as_json=asked.as_json) as progress:
        difference = what_if(now, then, asked.root(now), changes, progress)
    show(difference, render_what_if, as_json=asked.as_json)
