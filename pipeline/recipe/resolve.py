"""Makes the paths of a recipe absolute, and finds what its parts cannot do together: told before anything is paid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.file import RecipeFile
from pipeline.recipe.local_teacher import local_teacher
from pipeline.recipe.recipe import Prompts, Recipe
from pipeline.recipe.step import Step
from prompts.errors import InputError
from prompts.template_source import find_template
from students.config import StudentConfig


def resolve(recipe: Recipe, file: RecipeFile) -> Recipe:
    """Returns the recipe with absolute paths, so that it means the same from anywhere.

    InputError, with the line, for a file or model that is missing, and for what its parts cannot do together.
    """
    # Prompts first: who mistypes the source should not be told about a step.
    prompts = _resolve_prompts(recipe.prompts, file)
    if prompts.template is None:
        _check_log(recipe, prompts.source, file)
    changes: dict[str, Any] = {
        "prompts": prompts,
        "student": _resolve_student(recipe, file),
        "curate": recipe.curate.model_copy(update={"steps": _resolve_steps(recipe, file)}),
        "evaluate": _resolve_evaluate(recipe, file),
    }
    return recipe.model_copy(update=changes)


def _resolve_prompts(prompts: Prompts, file: RecipeFile) -> Prompts:
    """Returns the section with absolute files, a template of the library included."""
    files = {"source": (file.folder / prompts.source).resolve()}
    if prompts.template is not None:
        files["template"] = find_template(str(prompts.template), file.folder)
    for field, path in files.items():
        if not path.exists():
            raise file.mistake(f"prompts.{field}", f"no such file: {path}", f"Relative to {file.folder}")
    return prompts.model_copy(update=files)


def _check_log(recipe: Recipe, source: Path, file: RecipeFile) -> None:
    """Raises InputError where a recipe without a template names no log, or columns, which a log has not."""
    from prompts.logs.read import is_log  # late: the readers of every provider's logs, for a recipe that names one

    if not is_log(source):
        problem = f"is missing, and {source.name} is no provider's log"
        remedy = "Name a template that makes prompts of its rows"
        raise file.mistake("prompts.template", problem, remedy, loc=["prompts"])
    columns = {"prompts.group": recipe.prompts.group, "combine.by": recipe.combine.by}
    if recipe.prompts.gold not in (None, "reply"):
        problem = f"'{recipe.prompts.gold}': a log has no columns"
        raise file.mistake("prompts.gold", problem, "Give 'reply', or leave it unset")
    for field, column in columns.items():
        if column is not None:
            raise file.mistake(field, f"'{column}': a log has no columns", "Leave it unset")
    if recipe.evaluate.slices:
        raise file.mistake("evaluate.slices", "a log has no columns", "Leave it unset")


def _resolve_student(recipe: Recipe, file: RecipeFile) -> StudentConfig:
    student = _resolve_pairs(recipe.student, file)
    student = _resolve_teacher(recipe, student, file)
    return student.model_copy(update={"base": _model_beside(recipe.student.base, file.folder)})


def _resolve_pairs(student: StudentConfig, file: RecipeFile) -> StudentConfig:
    """Returns the student with an absolute file of preferences."""
    preference = student.preference
    if preference is None or preference.pairs is None:
        return student
    pairs = (file.folder / preference.pairs).resolve()
    if not pairs.is_file():
        raise file.mistake("student.preference.pairs", f"no such file: {pairs}", f"Relative to {file.folder}")
    return student.model_copy(update={"preference": preference.model_copy(update={"pairs": str(pairs)})})


def _resolve_teacher(recipe: Recipe, student: StudentConfig, file: RecipeFile) -> StudentConfig:
    """Returns the student with its teacher in memory as an absolute path, where it needs one."""
    if not student.needs_teacher:
        return student
    try:
        local_teacher(student, recipe.specs)
    except InputError as error:
        # The line of the method: the field that is missing has none, and the method is why it is needed.
        field = error.field or "student.method"
        raise file.mistake(field, error.problem, error.remedy, loc=["student", "method"]) from error
    if student.local_teacher is None:
        return student
    return student.with_teacher(_model_beside(student.local_teacher, file.folder))


def _model_beside(name: str, folder: Path) -> str:
    """Returns a model's path beside the recipe as an absolute one; any other name as it is."""
    # A hub id has the form of a path: what lies beside the recipe goes before what lies on the hub.
    local = folder / name
    if local.exists():
        return str(local.resolve())
    return name


def _resolve_steps(recipe: Recipe, file: RecipeFile) -> list[Step]:
    """Returns the steps with absolute files."""
    steps: list[Step] = []
    for place, written in enumerate(recipe.curate.steps):
        step = written.beside(file.folder)  # first: `missing` looks at absolute paths
        missing = step.missing(file.folder)
        if missing is not None:
            raise file.missing(f"curate.steps.{step.step}", missing, loc=["curate", "steps", place])
        steps.append(step)
    return steps


def _resolve_evaluate(recipe: Recipe, file: RecipeFile) -> Evaluate:
    """Returns the section with absolute files."""
    evaluate = recipe.evaluate.beside(file.folder)
    for section, missing in evaluate.missing(file.folder):
        raise file.missing(section, missing)
    return evaluate
