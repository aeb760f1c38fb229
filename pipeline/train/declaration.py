"""The train stage, declared."""

from __future__ import annotations

from pathlib import Path

from pipeline.curate.require import require_preferences
from pipeline.recipe.recipe import Recipe
from pipeline.run.context import Context
from pipeline.run.stage import Card, Stage
from prompts.errors import InputError
from students.finetune.monitors import require_monitors


def _files(recipe: Recipe) -> list[Path]:
    """Lists what the student's settings name: pairs, and a base that is a directory."""
    preference, base = recipe.student.preference, Path(recipe.student.base)
    files = []
    if preference is not None and preference.pairs is not None:
        files.append(Path(preference.pairs))
    if base.is_dir():
        files.append(base)
    return files


def _check(context: Context) -> None:
    recipe = context.recipe
    require_preferences(recipe, context.run)
    require_monitors(recipe.student.report_to)
    from pipeline.train.memory import plan_training, require_memory

    try:
        require_memory(plan_training(recipe))
    except InputError as error:
        # Said and not refused, as `plan` does: an estimate may be wrong, and other stages need no such memory.
        context.progress.say(f"train: {error}")


STAGE = Stage(
    "train",
    module="pipeline.train.stage",
    inputs=lambda recipe: recipe.student.deciding(),
    outputs=lambda run: (run.student,),
    files=_files,
    check=_check,
    card=Card(
        lambda run: run.student / "README.md",
        sources=lambda run: (run.recipe, run.kept, run.evaluation, run.package),
        module="pipeline.train.card",
    ),
)
