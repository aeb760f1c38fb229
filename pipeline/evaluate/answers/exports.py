"""The student's exports on the same held-out prompts, beside the student."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.evaluate.answers.contestants import Answer, Contestant, HeldoutRow
from pipeline.evaluate.answers.size import Size
from pipeline.package.readme import write_readme
from pipeline.run.context import Context
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.exports import Export, read_exports
from prompts.errors import StillhouseError

Ask = Callable[[str, str], Sequence[Answer]]
"""Name, spec -> the answers to all rows."""


def ask_exports(context: Context, rows: Sequence[HeldoutRow], size: Size, ask: Ask) -> list[Contestant]:
    """Returns a contestant for each export of the recipe; one that failed, here or before, carries the reason.

    `size` is the student's: an export has its parameters and bytes of its own.
    """
    if not context.recipe.exports:
        return []
    return [_contestant(export, size, ask) for export in read_exports(context.run)]


def write_scores(context: Context, evaluation: Evaluation) -> None:
    """Puts each export's score into its README."""
    if not context.recipe.exports:
        return
    for export in read_exports(context.run):
        folder = context.run.exports / export.name
        if export.failed is None and folder.is_dir():
            write_readme(folder, export, evaluation.exports[export.name], evaluation.rows)


def _contestant(export: Export, size: Size, ask: Ask) -> Contestant:
    weight = Size(size.parameters, export.bytes)
    if export.failed is not None:
        return Contestant(export.name, export.spec, (), weight, failed=export.failed)
    try:
        return Contestant(export.name, export.spec, tuple(ask(export.name, export.spec)), weight)
    except (StillhouseError, RuntimeError) as error:  # one export that cannot run must not take the others' scores
        return Contestant(export.name, export.spec, (), weight, failed=str(error))
